"""Whether six tiers make sense together."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import fields

from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.replay.tier_overflow import overflow_order
from cryptoscalp.replay.tier_types import REGIMES, TIERS, Condition, Tier


def check_tiers(tiers: Sequence[Tier]) -> None:
    """Raise InputError naming the first tier and key that cannot be used."""
    if len(tiers) != TIERS:
        raise InputError(f"a replay buffer has {TIERS} tiers, not {len(tiers)}")
    for number, tier in enumerate(tiers, 1):
        for wrong in _faults(number, tier, tiers):
            raise InputError(f"{place(number, tier.name)}: {wrong}")
    overflow_order(tiers)
    used = [tier for tier in tiers if tier.capacity]
    if not any(tier.admit is not None for tier in used):
        raise InputError(
            "admit: no tier with a capacity admits a new experience; let tier 1 admit every one"
            " (admit: {})"
        )
    if not any(tier.weight for tier in used):
        raise InputError("weight: all tiers with a capacity weigh 0; nothing could be drawn")
    if not math.isfinite(sum(tier.weight for tier in tiers)):
        raise InputError("weight: the sum of the weights must be a finite number")


def place(number: int, name: object) -> str:
    """How messages name a tier."""
    return f"tier {number} ({name})" if isinstance(name, str) and name else f"tier {number}"


def _faults(number: int, tier: Tier, tiers: Sequence[Tier]) -> Iterator[str]:
    if not tier.name.strip():
        yield "name must not be empty"
    for earlier, other in enumerate(tiers[: number - 1], 1):
        if other.name == tier.name:
            yield f"name is that of tier {earlier} too"
    if tier.capacity < 0:
        yield f"capacity {tier.capacity} must be 0 or more"
    if not 0 <= tier.weight < math.inf:
        yield f"weight {tier.weight} must be a finite number, 0 or more"
    if tier.admit is not None:
        yield from (f"admit.{fault}" for fault in _odd(tier.admit))
    for at, move in enumerate(tier.moves):
        yield from _astray(number, move.to, f"moves[{at}].to", tiers)
        yield from (f"moves[{at}].when.{fault}" for fault in _odd(move.when))
    if tier.overflow_to is not None:
        yield from _astray(number, tier.overflow_to, "overflow_to", tiers)


def _astray(number: int, to: int, key: str, tiers: Sequence[Tier]) -> Iterator[str]:
    if not 1 <= to <= len(tiers):
        yield f"{key} {to} must be a tier from 1 to {len(tiers)}"
    elif to == number:
        yield f"{key} {to} is the tier itself"
    elif not tiers[to - 1].capacity:
        yield f"{key} {to} is a tier of capacity 0"


def _odd(condition: Condition) -> Iterator[str]:
    """What is wrong with a condition: bounds that are no numbers, or that nothing can meet."""
    for field in fields(condition):
        bound = getattr(condition, field.name)
        if field.name != "regimes" and bound is not None and not math.isfinite(bound):
            yield f"{field.name} {bound} must be a finite number"
    for least, below in (("priority_from", "priority_below"), ("age_from_s", "age_below_s")):
        low, high = getattr(condition, least), getattr(condition, below)
        if low is not None and high is not None and low >= high:
            yield f"{least} {low} must be less than {below} {high}"
    if condition.regimes is not None and not condition.regimes:
        yield "regimes must name one at least; leave it out for any regime"
    for regime in sorted((condition.regimes or frozenset()) - set(REGIMES)):
        yield f"regimes: {regime!r} is none of {', '.join(REGIMES)}"
