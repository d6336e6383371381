"""Which leaf of the tree stands for which row; leaves of a tier are given and taken back."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from cryptoscalp.replay.compiled import kernel
from cryptoscalp.replay.replay_types import Ints
from cryptoscalp.replay.sum_tree import SumTree

_Stacks: TypeAlias = npt.NDArray[np.int32]


class Leaves:
    """A stack of free leaves a tier, and the row at each leaf that is not free."""

    def __init__(self, tree: SumTree) -> None:
        self._capacities, self._starts = tree.capacities, tree.starts
        #: The row at a leaf; what it says of a free leaf means nothing.
        self.rows = np.zeros(tree.leaves, np.int32)
        # Tier t's stack is where its leaves are; the lowest leaf lies on top.
        self._free = np.zeros(tree.leaves, np.int32)
        for start, size in zip(self._starts, self._capacities, strict=True):
            self._free[start : start + size] = np.arange(start + size - 1, start - 1, -1)
        self._room: Ints = self._capacities.copy()

    @property
    def counts(self) -> Ints:
        """Leaves that are taken in each tier."""
        return self._capacities - self._room

    @property
    def nbytes(self) -> int:
        """Bytes of both arrays."""
        return self.rows.nbytes + self._free.nbytes

    def take(self, tiers: Ints, rows: Ints) -> Ints:
        """A free leaf of its tier for each row, where there is room for all of them."""
        leaves = np.empty(len(rows), np.int64)
        _take(self._free, self._starts, self._room, tiers, leaves)
        self.rows[leaves] = rows
        return leaves

    def give_back(self, tiers: npt.ArrayLike, leaves: npt.ArrayLike) -> None:
        """Free leaves of these tiers, each given once."""
        at, given = np.asarray(tiers, np.int64), np.asarray(leaves, np.int64)
        _give_back(self._free, self._starts, self._room, at, given)


@kernel
def _take(free: _Stacks, starts: Ints, room: Ints, tiers: Ints, leaves: Ints) -> None:
    for at in range(len(tiers)):
        tier = tiers[at]
        room[tier] -= 1
        leaves[at] = free[starts[tier] + room[tier]]


@kernel
def _give_back(free: _Stacks, starts: Ints, room: Ints, tiers: Ints, leaves: Ints) -> None:
    for at in range(len(tiers)):
        tier = tiers[at]
        free[starts[tier] + room[tier]] = leaves[at]
        room[tier] += 1
