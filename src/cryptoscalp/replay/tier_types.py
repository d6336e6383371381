"""Tiers: how many experiences each holds, which it takes, and where they go from it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

#: The specification's number of tiers.
TIERS: Final = 6
#: The database's regimes, in the order of their type.
REGIMES: Final = ("TRENDING", "RANGING", "VOLATILE", "CRISIS")


class Overflow(StrEnum):
    """Which experience leaves a tier that is full when another one comes."""

    OLDEST = "OLDEST"
    LOWEST_PRIORITY = "LOWEST_PRIORITY"


@dataclass(frozen=True, slots=True)
class Condition:
    """Bounds on an experience; all that are given must hold, and one without bounds always holds.

    `priority_from` <= raw priority < `priority_below`; `td_error_from` <= |TD error| (an experience
    that was never drawn has none, and fails); `age_from_s` <= age in seconds < `age_below_s`, from
    the experience's timestamp; `rarity_from` <= |reward - mean| / standard deviation over the
    buffer (0 where all rewards are equal); `draws_from` <= times drawn; `regimes`: the market
    regime it was recorded in is one of these names.
    """

    priority_from: float | None = None
    priority_below: float | None = None
    td_error_from: float | None = None
    age_from_s: float | None = None
    age_below_s: float | None = None
    rarity_from: float | None = None
    draws_from: int | None = None
    regimes: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Move:
    """Experiences for which `when` holds go to tier `to`."""

    to: int
    when: Condition


@dataclass(frozen=True, slots=True)
class Tier:
    """One tier of a buffer.

    `capacity`: experiences it holds at most, 0 for a tier that is not used. `weight`: its share of
    draws, relative to the others'. `admit`: a new experience enters the first tier, from tier 6
    down to 1, whose `admit` holds; None: none enters from outside. `moves`: looked at in their
    order, the first that holds counts (a promotion, or a demotion where `to` is lower).
    `overflow`: which of those that are there leaves for one that comes when it is full; it goes to
    tier `overflow_to`, or out of the buffer where that is None.
    """

    name: str
    capacity: int
    weight: float
    admit: Condition | None = None
    moves: tuple[Move, ...] = ()
    overflow: Overflow = Overflow.OLDEST
    overflow_to: int | None = None
