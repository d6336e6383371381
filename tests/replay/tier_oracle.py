"""The rules of tiers told one experience at a time, in plain Python."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cryptoscalp.replay.tier_rules import Facts
from cryptoscalp.replay.tier_types import Condition, Overflow, Tier

REGIMES = ("TRENDING", "VOLATILE", "CRISIS")


@dataclass(frozen=True)
class Row:
    """One experience; without a TD error it was never drawn."""

    priority: float = 1.0
    td_error: float | None = None
    age_s: float = 0.0
    rarity: float = 0.0
    draws: int = 0
    regime: str | None = None


def facts(rows: Sequence[Row], *, single: bool = False) -> Facts:
    """The same as columns; `single`: TD errors as float32."""
    errors = np.array([math.nan if row.td_error is None else row.td_error for row in rows])
    return Facts(
        np.array([row.priority for row in rows], np.float64),
        errors.astype(np.float32) if single else errors.astype(np.float64),
        np.array([row.age_s for row in rows], np.float64),
        np.array([row.rarity for row in rows], np.float64),
        np.array([row.draws for row in rows], np.int64),
        np.array(
            [-1 if row.regime is None else REGIMES.index(row.regime) for row in rows], np.int8
        ),
    )


def meets(condition: Condition, row: Row) -> bool:
    """Whether every bound holds."""
    if condition.priority_from is not None and row.priority < condition.priority_from:
        return False
    if condition.priority_below is not None and row.priority >= condition.priority_below:
        return False
    if condition.td_error_from is not None and (
        row.td_error is None or abs(row.td_error) < condition.td_error_from
    ):
        return False
    if condition.age_from_s is not None and row.age_s < condition.age_from_s:
        return False
    if condition.age_below_s is not None and row.age_s >= condition.age_below_s:
        return False
    if condition.rarity_from is not None and row.rarity < condition.rarity_from:
        return False
    if condition.draws_from is not None and row.draws < condition.draws_from:
        return False
    return condition.regimes is None or row.regime in condition.regimes


def entered(tiers: Sequence[Tier], row: Row) -> int:
    """The tier that a new experience enters; 0 where none takes it."""
    for number in range(len(tiers), 0, -1):
        tier = tiers[number - 1]
        if tier.capacity > 0 and tier.admit is not None and meets(tier.admit, row):
            return number
    return 0


def next_tier(tiers: Sequence[Tier], current: int, row: Row) -> int:
    """Where one move at most leads."""
    if current:
        for move in tiers[current - 1].moves:
            if meets(move.when, row):
                return move.to
    return current


@dataclass(frozen=True)
class Held:
    """What decides who leaves."""

    memory_id: int
    timestamp: int
    priority: float


def settle(tiers: Sequence[Tier], held: dict[int, list[Held]]) -> list[Held]:
    """Push experiences out, one at a time, until every tier fits; what was evicted."""
    evicted: list[Held] = []
    while full := [at for at, tier in enumerate(tiers, 1) if len(held[at]) > tier.capacity]:
        tier = tiers[full[0] - 1]
        leaving = min(
            held[full[0]],
            key=lambda one: (
                () if tier.overflow is Overflow.OLDEST else (one.priority,),
                one.timestamp,
                one.memory_id,
            ),
        )
        held[full[0]].remove(leaving)
        (evicted if tier.overflow_to is None else held[tier.overflow_to]).append(leaving)
    return evicted
