"""A sum tree over the leaves of all tiers: weighted draws, in time that hardly grows with size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.replay import kernels
from cryptoscalp.replay.compiled import aligned
from cryptoscalp.replay.replay_types import Floats, Ints

#: Rows and leaves are numbered in 32 bits.
LARGEST: Final = 2**31 - 64


class SumTree:
    """Weights at leaves, each tier's in a range of its own, and the sums of them.

    Tier t's leaves are `starts[t]` to `starts[t] + capacities[t] - 1`. Sums are made of the
    leaves alone, never of differences, so they do not drift: the tree is, bit for bit, what
    `rebuild` makes of its leaves, however it came to them.
    """

    def __init__(self, capacities: Sequence[int]) -> None:
        """A tree whose weights are all 0. Raises InputError for capacities that cannot be."""
        if not capacities or min(capacities) < 0 or not 0 < sum(capacities) <= LARGEST:
            raise InputError(
                f"capacities {list(capacities)} cannot be: none may be negative, and together"
                f" they must be from 1 to {LARGEST:,}"
            )
        self.capacities: Ints = np.asarray(capacities, np.int64)
        self._first = _layout(self.capacities)
        self.starts: Ints = self._first[0]
        #: Leaves are numbered below this.
        self.leaves = int(self._first[1, 0])
        # The roots are the last level, one a tier.
        self._roots = slice(int(self._first[-1, 0]), int(self._first[-1, -1]) + 1)
        self._sums: Floats = aligned((self._roots.stop,), np.float64)
        self._sums[:] = 0.0
        self._least: Floats = aligned((self._roots.stop - self.leaves,), np.float64)
        self._least[:] = np.inf
        self._counts: Ints = np.zeros(len(self.capacities), np.int64)

    @property
    def totals(self) -> Floats:
        """The sum of weights in each tier."""
        return self._sums[self._roots].copy()

    @property
    def least(self) -> Floats:
        """The smallest positive weight in each tier, infinity where there is none."""
        return self._least[self._roots.start - self.leaves :].copy()

    @property
    def counts(self) -> Ints:
        """How many weights are positive in each tier."""
        return self._counts.copy()

    @property
    def nbytes(self) -> int:
        """Bytes of all nodes."""
        return self._sums.nbytes + self._least.nbytes

    def weights(self, leaves: Ints) -> Floats:
        """The weights at some leaves."""
        return self._sums[leaves]

    def set(self, leaves: npt.ArrayLike, weights: npt.ArrayLike) -> None:
        """Give leaves their weights, >= 0; the later one wins where a leaf is given twice.

        Raises InputError, and sets none, for a leaf that no tier owns and for a weight that is
        negative or not finite.
        """
        at = np.ascontiguousarray(leaves, np.int64)
        given = np.ascontiguousarray(weights, np.float64)
        if at.ndim != 1 or at.shape != given.shape:
            raise InputError(f"{at.shape} leaves and {given.shape} weights: give one a leaf")
        refused = kernels.first_refused(self._first, self.capacities, at, given)
        if refused >= 0:
            raise InputError(f"leaf {at[refused]} cannot have weight {given[refused]}")
        kernels.place(self._sums, self._least, self._counts, self._first, at, given)

    def sums(self) -> Floats:
        """All nodes: leaves, and the sums above them."""
        return self._sums.copy()

    def rebuild(self) -> None:
        """Make all sums anew from the leaves."""
        kernels.build(self._sums, self._least, self._counts, self._first, self.capacities)

    def check_tier_weights(self, tier_weights: Sequence[float] | Floats) -> Floats:
        """The weights as float64 (tiers,). Raises InputError for what cannot be weights."""
        asked = np.array(tier_weights, np.float64)
        if asked.shape != self._counts.shape or not (np.isfinite(asked) & (asked >= 0)).all():
            raise InputError(
                f"tier weights {asked.tolist()}: give {len(self.capacities)} finite numbers >= 0"
            )
        return asked

    def mixture(self, tier_weights: Floats) -> tuple[Floats, float]:
        """The probability of each tier, float64 (tiers,), and the smallest P of a positive leaf.

        A tier's is its weight over the sum of those that can be drawn from. One without a positive
        leaf has none: its weight falls to the others in proportion. `tier_weights` must be checked.
        Raises InputError where nothing can be drawn.
        """
        shares = np.empty(len(tier_weights))
        smallest = kernels.mixture(
            self._sums, self._least, self._counts, self._first, tier_weights, shares
        )
        if smallest > 0:
            return shares, smallest
        if self._counts.any():
            raise InputError("every tier that holds experiences has weight 0: none can be drawn")
        raise InputError("no tier holds an experience: none can be drawn")

    def sample(
        self, uniforms: Floats, tier_weights: Sequence[float] | Floats
    ) -> tuple[Ints, Floats]:
        """The leaves at `uniforms` of the mixture's distribution function, and P of each.

        `uniforms` float64 (n,) in [0, 1]: one a stratum, in ascending order, makes a stratified
        draw. P(leaf) = share of its tier x weight / total of its tier. Raises InputError for
        tier weights that cannot be, and where nothing can be drawn.
        """
        shares, _ = self.mixture(self.check_tier_weights(tier_weights))
        return self.draw(uniforms, shares)

    def draw(self, uniforms: Floats, shares: Floats) -> tuple[Ints, Floats]:
        """As `sample`, with the shares that `mixture` has returned for the tree as it is."""
        leaves = np.empty(len(uniforms), np.int64)
        probabilities = np.empty(len(uniforms), np.float64)
        kernels.draw(self._sums, self._first, shares, uniforms, leaves, probabilities)
        return leaves, probabilities


def _layout(capacities: Ints) -> Ints:
    """Where each tier's nodes begin: int64 (levels, tiers).

    Below the roots each tier has a multiple of eight nodes, so that no cache line is of two.
    """
    sizes = capacities
    levels: list[Ints] = []
    at = 0
    while not levels or sizes.max() > 1:
        padded = (sizes + 7) // 8 * 8
        levels.append(at + np.concatenate(([0], np.cumsum(padded)[:-1])))
        at += int(padded.sum())
        sizes = (sizes + 7) // 8
    levels.append(at + np.arange(len(capacities)))
    # Levels above the first are nodes of levels below it: a tier of few leaves has one of each.
    return np.ascontiguousarray(levels, dtype=np.int64)
