"""The tree's leaves as experiences come, change, move and go, in each mode."""

from __future__ import annotations

import numpy as np

from cryptoscalp.replay import weighting
from cryptoscalp.replay.columns import Mirror
from cryptoscalp.replay.replay_types import Floats, Ints, Mode, Sampling
from cryptoscalp.replay.sum_tree import SumTree


class LeafWeights:
    """Keeps the leaf of each row of `mirror` at what `sampling` makes of it."""

    def __init__(
        self, tree: SumTree, mirror: Mirror, sampling: Sampling, rerank_every: int | None
    ) -> None:
        """For a tree and a mirror that are empty."""
        self.sampling = sampling
        self._tree, self._mirror = tree, mirror
        self._rerank_every = rerank_every
        # Age is counted in experiences: each row's number, in the order they were put.
        self._added = np.zeros(len(mirror.records), np.int64)
        self._puts = 0
        # The number whose experience would weigh 1, in each tier by itself: with one for all, a
        # tier of old experiences only would have nothing but zeros.
        self._bases: Ints = np.zeros(len(tree.capacities), np.int64)
        self._changed = 0

    @property
    def nbytes(self) -> int:
        """Bytes of what is held for rows."""
        return self._added.nbytes

    def put(self, rows: Ints, powers: Floats) -> None:
        """Rows were filled; `powers`: their priorities transformed."""
        self._added[rows] = np.arange(self._puts, self._puts + len(rows))
        self._puts += len(rows)
        self._changed += len(rows)
        match self.sampling.mode:
            case Mode.PRIORITIZED:
                self._set(rows, powers)
            case Mode.RECENCY:
                self._set_recency(rows)
            case Mode.UNIFORM | Mode.RANK:
                self._set(rows, np.ones(len(rows)))

    def update(self, leaves: Ints, powers: Floats) -> None:
        """Priorities of these leaves' rows were changed."""
        self._changed += len(leaves)
        if self.sampling.mode is Mode.PRIORITIZED:
            self._tree.set(leaves, powers)

    def clear(self, leaves: Ints) -> Floats:
        """Rows leave these leaves; return what they weighed."""
        self._changed += len(leaves)
        before = self._tree.weights(leaves)
        self._tree.set(leaves, np.zeros(len(leaves)))
        return before

    def move(self, rows: Ints, before: Floats) -> None:
        """Rows that weighed `before` have got leaves in other tiers."""
        if self.sampling.mode is Mode.RECENCY:
            self._set_recency(rows)
        else:
            self._set(rows, before)

    def settle(self, counts: Ints) -> None:
        """Before a draw: rank anew where it is due; see that what has grown old can be drawn.

        `counts`: rows by tier.
        """
        if weighting.reranks(self.sampling, self._changed, self._rerank_every, len(self._mirror)):
            self._transform(self.sampling)
        if self.sampling.mode is Mode.RECENCY:
            faded = (counts > 0) & (self._tree.totals < 2.0**-weighting.NEWEST)
            for tier in np.flatnonzero(faded):
                self._rebase(int(tier))

    def resample(self, sampling: Sampling) -> None:
        """Transform anew, from raw priorities. Raises InputError, and changes nothing."""
        self._transform(sampling)
        self.sampling = sampling

    def _transform(self, sampling: Sampling) -> None:
        rows = self._mirror.present()
        held = self._mirror.records[rows]
        powers = weighting.of_priorities(held["priority"], sampling)
        match sampling.mode:
            case Mode.PRIORITIZED:
                weights = powers
            case Mode.RECENCY:
                added = self._added[rows]
                np.maximum.at(self._bases, held["tier"], added)
                weights = weighting.of_recency(added, self._bases[held["tier"]], sampling)
            case Mode.RANK:
                weights = weighting.of_ranks(
                    held["priority"], held["tier"], held["memory_id"], sampling
                )
            case Mode.UNIFORM:
                weights = np.ones(len(rows))
        self._set(rows, weights)
        self._changed = 0

    def _set(self, rows: Ints, weights: Floats) -> None:
        self._tree.set(self._mirror.records["leaf"][rows], weights)

    def _set_recency(self, rows: Ints) -> None:
        tiers, added = self._mirror.records["tier"][rows], self._added[rows]
        for tier in np.unique(tiers):
            newest = int(added[tiers == tier].max())
            if newest - self._bases[tier] > weighting.NEWEST * self.sampling.half_life:
                self._rebase(int(tier))
        self._set(rows, weighting.of_recency(added, self._bases[tiers], self.sampling))

    def _rebase(self, tier: int) -> None:
        """Weigh all of a tier relative to its newest: nothing overflows, and that one weighs 1."""
        rows = np.flatnonzero(self._mirror.records["tier"] == tier)
        added = self._added[rows]
        self._bases[tier] = added.max()
        self._set(rows, weighting.of_recency(added, self._bases[tier], self.sampling))
