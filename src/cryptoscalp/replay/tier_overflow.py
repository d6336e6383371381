"""What leaves tiers that hold more than their capacity, and where it goes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.replay.replay_types import Floats, Ints
from cryptoscalp.replay.tier_rules import Tiers
from cryptoscalp.replay.tier_types import Overflow, Tier


def overflow_order(tiers: Sequence[Tier]) -> tuple[int, ...]:
    """The tiers' numbers, each before the one that it overflows to.

    Raises InputError for tiers that overflow in a circle: experiences would never come to rest.
    """
    left = dict(enumerate(tiers, 1))
    order: list[int] = []
    while left:
        targets = {tier.overflow_to for tier in left.values()}
        free = [number for number in left if number not in targets]
        if not free:
            # Every one that is left is overflowed to by another: the first leads into the circle.
            seen: list[int] = []
            at = next(iter(left))
            while at not in seen:
                seen.append(at)
                at = tiers[at - 1].overflow_to or at
            circle = " -> ".join(map(str, [*seen[seen.index(at) :], at]))
            raise InputError(
                f"tier {at} ({tiers[at - 1].name}): overflow_to leads in a circle, {circle}; let"
                " one of them evict (overflow_to null)"
            )
        order += free
        for number in free:
            del left[number]
    return tuple(order)


def outflows(tiers: Sequence[Tier], counts: Sequence[int] | Ints) -> Ints:
    """How many experiences leave each tier, given how many are in it: int64 (tiers,).

    `counts` has tier 1's number first and may exceed capacities; what flows on from one full tier
    into the next is counted in both. All zero: nothing has to be looked for.
    """
    held = [int(count) for count in counts]
    found = np.zeros(len(tiers), np.int64)
    for number in overflow_order(tiers):
        tier = tiers[number - 1]
        out = max(held[number - 1] - tier.capacity, 0)
        found[number - 1] = out
        if tier.overflow_to is not None:
            held[tier.overflow_to - 1] += out
    return found


def first_out(
    overflow: Overflow, count: int, timestamps: Ints, memory_ids: Ints, priorities: Floats
) -> Ints:
    """Which `count` of n experiences leave first: their places, ascending, int64 (count,).

    OLDEST: by timestamp, then memory_id. LOWEST_PRIORITY: by priority, then timestamp, then
    memory_id. It takes time proportional to n, as long as few are equal in the first of these.
    """
    if count >= len(memory_ids):
        return np.arange(len(memory_ids))
    if count <= 0:
        return np.zeros(0, np.int64)
    first = timestamps if overflow is Overflow.OLDEST else priorities
    last = np.partition(first, count - 1)[count - 1]
    sure = np.flatnonzero(first < last)
    # Only those equal to the last one that leaves need the other keys.
    equal = np.flatnonzero(first == last)
    ranked = np.lexsort((memory_ids[equal], timestamps[equal]))
    chosen = equal[ranked[: count - len(sure)]]
    return np.sort(np.concatenate([sure, chosen])).astype(np.int64)


def overflowing(
    tiers: Sequence[Tier],
    current: Tiers,
    timestamps: Ints,
    memory_ids: Ints,
    priorities: Floats,
) -> Tiers:
    """The tier of each experience once no tier holds more than its capacity: int8 (n,).

    `current` holds the tiers of all experiences of the buffer, new and moved ones among them; 0
    stays 0. What leaves a tier goes to its `overflow_to`, and from there may push on; 0 is
    evicted. The outcome does not depend on the order of the experiences, nor on whether they came
    one by one or at once. memory_ids differ from each other.
    """
    counts = np.bincount(current, minlength=len(tiers) + 1)[1:]
    out = outflows(tiers, counts)
    found = current.copy()
    if not out.any():
        return found
    for number in overflow_order(tiers):
        if not out[number - 1]:
            continue
        tier = tiers[number - 1]
        rows = np.flatnonzero(found == number)
        leaving = first_out(
            tier.overflow, int(out[number - 1]),
            timestamps[rows], memory_ids[rows], priorities[rows],
        )  # fmt: skip
        found[rows[leaving]] = tier.overflow_to or 0
    return found
