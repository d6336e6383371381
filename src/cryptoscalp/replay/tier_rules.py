"""Which tier an experience belongs in, for whole arrays of experiences at once.

Tiers are numbered 1 to 6, as in arrays of them; 0 is outside of the buffer. The functions take
tiers that `tier_checks.check_tiers` accepts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from cryptoscalp.replay.replay_types import Bools, Floats, Ints
from cryptoscalp.replay.tier_types import Condition, Tier

Tiers: TypeAlias = npt.NDArray[np.int8]


@dataclass(frozen=True, slots=True, eq=False)
class Facts:
    """What conditions look at, one element an experience.

    priorities: raw, > 0; td_errors: of the last draw, NaN for one never drawn; ages_s: seconds
    since the experience's timestamp; rarities: standard deviations from the mean reward; draws:
    how many times drawn; regimes: index into the buffer's names of regimes, -1 for none.
    """

    priorities: Floats
    td_errors: npt.NDArray[np.float32] | Floats
    ages_s: Floats
    rarities: Floats
    draws: Ints
    regimes: npt.NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.priorities)

    def of(self, rows: Ints) -> Facts:
        """Those of some experiences, in the order of `rows`."""
        return Facts(
            self.priorities[rows],
            self.td_errors[rows],
            self.ages_s[rows],
            self.rarities[rows],
            self.draws[rows],
            self.regimes[rows],
        )


def holds(condition: Condition, facts: Facts, regime_names: Sequence[str]) -> Bools:
    """For which experiences all bounds of the condition hold: bool (n,).

    A regime that is not among `regime_names` is that of no experience. NaN fails every bound.
    """
    found: Bools = np.ones(len(facts), np.bool_)
    if condition.priority_from is not None:
        found &= facts.priorities >= condition.priority_from
    if condition.priority_below is not None:
        found &= facts.priorities < condition.priority_below
    if condition.td_error_from is not None:
        # A float64 of NumPy, not of Python: that one would be rounded to the errors' float32.
        found &= np.abs(facts.td_errors) >= np.float64(condition.td_error_from)
    if condition.age_from_s is not None:
        found &= facts.ages_s >= condition.age_from_s
    if condition.age_below_s is not None:
        found &= facts.ages_s < condition.age_below_s
    if condition.rarity_from is not None:
        found &= facts.rarities >= condition.rarity_from
    if condition.draws_from is not None:
        found &= facts.draws >= condition.draws_from
    if condition.regimes is not None:
        wanted = [at for at, name in enumerate(regime_names) if name in condition.regimes]
        found &= np.isin(facts.regimes, np.array(wanted, np.int8))
    return found


def admitted(tiers: Sequence[Tier], facts: Facts, regime_names: Sequence[str]) -> Tiers:
    """The tier that each new experience enters: int8 (n,), 0 where none of them admits it.

    It is the first one from tier 6 down to 1 that is used (capacity > 0) and whose `admit` holds.
    """
    found: Tiers = np.zeros(len(facts), np.int8)
    for number, tier in reversed(list(enumerate(tiers, 1))):
        if tier.admit is not None and tier.capacity:
            found[(found == 0) & holds(tier.admit, facts, regime_names)] = number
    return found


def moved(
    tiers: Sequence[Tier], current: Tiers, facts: Facts, regime_names: Sequence[str]
) -> Tiers:
    """The tier of each experience after one pass over the moves of its tier: int8 (n,).

    The first move that holds counts; without one the tier stays, as 0 does. Nobody moves twice in
    a pass, and capacities are not looked at: `overflowing` comes after it.
    """
    found = current.copy()
    for number, tier in enumerate(tiers, 1):
        if not tier.moves:
            continue
        rows = np.flatnonzero(current == number)
        for move in tier.moves:
            going = holds(move.when, facts.of(rows), regime_names)
            found[rows[going]] = move.to
            rows = rows[~going]
    return found
