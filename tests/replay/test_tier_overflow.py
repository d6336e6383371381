"""Full tiers: who leaves, where to, and that nobody is lost on the way."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.replay.tier_overflow import first_out, outflows, overflow_order, overflowing
from cryptoscalp.replay.tier_types import Condition, Overflow, Tier
from tests.replay.tier_oracle import Held, settle
from tests.replay.tier_strategies import PATIENT, emptying_tiers

HELD = st.lists(
    st.tuples(st.integers(1, 6), st.integers(0, 5), st.sampled_from([0.5, 1.0, 2.0])), max_size=40
)


def tiers(*overflows: tuple[int, Overflow, int | None]) -> tuple[Tier, ...]:
    """Tiers of given capacity, overflow and overflow_to; the rest hold 0."""
    given = [*overflows, *[(0, Overflow.OLDEST, None)] * (6 - len(overflows))]
    return tuple(
        Tier(f"t{n}", capacity, 1.0, Condition(), (), overflow, to)
        for n, (capacity, overflow, to) in enumerate(given, 1)
    )


def settled(
    made: tuple[Tier, ...], rows: list[tuple[int, int, float]], ids: list[int]
) -> dict[int, int]:
    """Tier by memory_id; rows are tier, timestamp and priority."""
    at, timestamps, priorities = zip(*rows, strict=True) if rows else ((), (), ())
    current = np.array(at, np.int8)
    found = overflowing(
        made, current, np.array(timestamps, np.int64), np.array(ids, np.int64),
        np.array(priorities, np.float64),
    )  # fmt: skip
    assert found.dtype == np.int8
    assert current.tolist() == list(at)
    return dict(zip(ids, found.tolist(), strict=True))


@PATIENT
@given(emptying_tiers(), HELD)
def test_it_ends_as_if_they_had_been_pushed_out_one_by_one(
    made: tuple[Tier, ...], rows: list[tuple[int, int, float]]
) -> None:
    held: dict[int, list[Held]] = {n: [] for n in range(1, 7)}
    for memory_id, (tier, timestamp, priority) in enumerate(rows):
        held[tier].append(Held(memory_id, timestamp, priority))
    evicted = settle(made, held)
    expected = {one.memory_id: n for n, those in held.items() for one in those}
    expected |= {one.memory_id: 0 for one in evicted}
    assert settled(made, rows, list(range(len(rows)))) == expected


@PATIENT
@given(emptying_tiers(), HELD)
def test_no_tier_holds_more_than_it_may_and_nothing_is_lost(
    made: tuple[Tier, ...], rows: list[tuple[int, int, float]]
) -> None:
    before = Counter(tier for tier, _, _ in rows)
    after = Counter(settled(made, rows, list(range(len(rows)))).values())
    assert all(after[n] <= tier.capacity for n, tier in enumerate(made, 1))
    assert after.total() == before.total()
    out = outflows(made, [before[n] for n in range(1, 7)])
    into: Counter[int] = Counter()
    for tier, count in zip(made, out.tolist(), strict=True):
        into[tier.overflow_to or 0] += count
    for n in range(1, 7):
        assert before[n] + into[n] - out[n - 1] == after[n]
    assert into[0] == after[0]


@PATIENT
@given(emptying_tiers(), HELD, st.data())
def test_the_order_of_the_experiences_does_not_matter(
    made: tuple[Tier, ...], rows: list[tuple[int, int, float]], data: st.DataObject
) -> None:
    ids = data.draw(st.permutations(range(len(rows))))
    plain = settled(made, rows, list(range(len(rows))))
    assert settled(made, [rows[one] for one in ids], list(ids)) == plain


@PATIENT
@given(emptying_tiers(), HELD)
def test_one_by_one_or_all_at_once_is_the_same(
    made: tuple[Tier, ...], rows: list[tuple[int, int, float]]
) -> None:
    now: dict[int, int] = {}
    for memory_id, (tier, _, _) in enumerate(rows):
        now[memory_id] = tier
        kept = list(now)
        now |= settled(made, [(now[one], *rows[one][1:]) for one in kept], kept)
    assert now == settled(made, rows, list(range(len(rows))))


def test_the_oldest_leaves_and_the_lower_id_of_two_equally_old() -> None:
    made = tiers((2, Overflow.OLDEST, None))
    rows = [(1, 7, 0.1), (1, 5, 9.0), (1, 5, 9.0), (1, 8, 0.1)]
    assert settled(made, rows, [10, 12, 11, 13]) == {10: 1, 11: 0, 12: 0, 13: 1}
    assert settled(made, rows[:3], [10, 12, 11]) == {10: 1, 11: 0, 12: 1}


def test_the_lowest_priority_leaves_and_the_oldest_of_two_equal() -> None:
    made = tiers((1, Overflow.LOWEST_PRIORITY, None))
    rows = [(1, 7, 0.5), (1, 6, 0.5), (1, 1, 0.6)]
    assert settled(made, rows[:2], [1, 2]) == {1: 1, 2: 0}
    assert settled(made, rows, [1, 2, 3]) == {1: 0, 2: 0, 3: 1}


def test_what_overflows_pushes_on() -> None:
    made = tiers(
        (1, Overflow.OLDEST, 2), (1, Overflow.LOWEST_PRIORITY, 3), (1, Overflow.OLDEST, None)
    )
    rows = [(1, 1, 0.9), (1, 2, 0.1), (2, 3, 0.5), (3, 0, 1.0)]
    assert settled(made, rows, [1, 2, 3, 4]) == {1: 2, 2: 1, 3: 3, 4: 0}
    assert outflows(made, [2, 1, 1, 0, 0, 0]).tolist() == [1, 1, 1, 0, 0, 0]


@pytest.mark.parametrize("overflow", list(Overflow))
@pytest.mark.parametrize(("count", "found"), [(-1, []), (0, []), (2, [0, 1]), (9, [0, 1])])
def test_none_or_all_may_have_to_leave(overflow: Overflow, count: int, found: list[int]) -> None:
    two = np.array([1, 2], np.int64)
    assert first_out(overflow, count, two, two, two.astype(np.float64)).tolist() == found


def test_tiers_overflow_in_their_order_and_never_in_a_circle() -> None:
    oldest = Overflow.OLDEST
    made = tiers((1, oldest, None), (1, oldest, 1), (1, oldest, 5), (0, oldest, 3), (1, oldest, 2))
    order = overflow_order(made)
    assert sorted(order) == [1, 2, 3, 4, 5, 6]
    assert [order.index(n) for n in (4, 3, 5, 2, 1)] == sorted(order.index(n) for n in range(1, 6))
    circle = tiers((1, oldest, 2), (1, oldest, 3), (1, oldest, 4), (1, oldest, 2))
    with pytest.raises(
        InputError, match=r"tier 2 \(t2\): overflow_to .* circle, 2 -> 3 -> 4 -> 2;"
    ):
        overflow_order(circle)
