"""Which tier experiences enter, when they move on, and who leaves to make room."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from time import time
from typing import Final

import numpy as np

from cryptoscalp.replay.additions import Change
from cryptoscalp.replay.held import Held
from cryptoscalp.replay.replay_types import Columns, Ints
from cryptoscalp.replay.reward_moments import Moments, rarity
from cryptoscalp.replay.tier_overflow import outflows, overflowing
from cryptoscalp.replay.tier_rules import Facts, Tiers, admitted, moved
from cryptoscalp.replay.tier_types import REGIMES, Tier

#: A full tier lets one of so many go at once: who leaves is looked for that much less often.
_AT_ONCE: Final = 64


class TierKeeper:
    """The rules of one buffer, with the rewards that it has seen."""

    def __init__(self, tiers: Sequence[Tier]) -> None:
        self.tiers = tuple(tiers)
        self.moments = Moments()

    @property
    def capacities(self) -> list[int]:
        """By tier."""
        return [tier.capacity for tier in self.tiers]

    def enter(self, columns: Columns) -> Tiers:
        """The tier that each new experience enters, 0 where none admits it.

        The rarity of a reward is judged by the rewards before this call.
        """
        count = len(columns)
        facts = Facts(
            columns.priorities,
            np.full(count, np.nan, np.float32),
            _ages(columns.timestamps),
            rarity(columns.rewards, self.moments.mean, self.moments.std),
            np.zeros(count, np.int64),
            columns.regimes,
        )
        self.moments = self.moments.merged(Moments.of(columns.rewards))
        return admitted(self.tiers, facts, REGIMES)

    def lacks_room(self, counts: Ints, incoming: Ints) -> bool:
        """Whether somebody has to leave before so many come, both by tier."""
        return bool(outflows(self.tiers, counts + incoming).any())

    def make_room(self, held: Held, counts: Ints, incoming: Ints) -> Change:
        """Who goes where so that so many can come, by tier."""
        out = outflows(self.tiers, counts + incoming)
        eased = [
            replace(tier, capacity=max(
                tier.capacity - int(more) - (tier.capacity // _AT_ONCE if leaving else 0), 0
            ))
            for tier, more, leaving in zip(self.tiers, incoming, out, strict=True)
        ]  # fmt: skip
        return self._changed(held, overflowing(
            eased, _numbers(held), held.timestamps, held.memory_ids, held.priorities
        ))  # fmt: skip

    def apply(self, held: Held) -> Change:
        """Who is promoted or demoted now by the rules, and who leaves for it."""
        facts = Facts(
            held.priorities,
            held.td_errors,
            _ages(held.timestamps),
            rarity(held.rewards, self.moments.mean, self.moments.std),
            held.draws.astype(np.int64),
            held.regimes,
        )
        wanted = moved(self.tiers, _numbers(held), facts, REGIMES)
        return self._changed(held, overflowing(
            self.tiers, wanted, held.timestamps, held.memory_ids, held.priorities
        ))  # fmt: skip

    def _changed(self, held: Held, tiers: Tiers) -> Change:
        different = np.flatnonzero(tiers != _numbers(held))
        return Change(held.memory_ids[different], tiers[different])


def _numbers(held: Held) -> Tiers:
    numbers: Tiers = (held.tiers + 1).astype(np.int8)
    return numbers


def _ages(timestamps: Ints) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    ages: np.ndarray[tuple[int, ...], np.dtype[np.float64]] = time() - timestamps / 1e6
    return ages
