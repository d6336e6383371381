"""The in-memory part of a replay buffer: experiences in tiers, drawn by priority.

Whoever uses an arena from several threads holds a lock around each call.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.replay import importance, row_kernels, weighting
from cryptoscalp.replay.columns import Mirror
from cryptoscalp.replay.held import Held, held
from cryptoscalp.replay.leaf_weights import LeafWeights
from cryptoscalp.replay.leaves import Leaves
from cryptoscalp.replay.replay_types import (
    Batch,
    Bools,
    Columns,
    Floats,
    Ints,
    Mode,
    Sampling,
    Shape,
    is_between,
)
from cryptoscalp.replay.sum_tree import SumTree

#: One batch of a million experiences takes gigabytes already.
MOST_DRAWS: Final = 1_000_000


class Arena:
    """Experiences of one buffer, each in a tier, and weighted draws from them.

    A slot is the number of the row that holds an experience, from `put` or from a batch; it stays
    the same while the experience is here. P(i) = share of the tier x P(i | tier), where a tier that
    is empty leaves its share to the others (`SumTree.mixture`).
    """

    def __init__(
        self,
        shape: Shape,
        capacities: Sequence[int],
        tier_weights: Sequence[float],
        sampling: Sampling,
        seed: int | None = None,
        *,
        rerank_every: int | None = None,
    ) -> None:
        """An empty arena.

        `capacities`, `tier_weights`: by tier. `seed`: of the draws; None: from the system.
        `rerank_every`: with mode RANK, ranks are made anew at the first draw after so many
        priorities have changed (been put, updated, moved or removed); None: 1 % of the rows. Until
        then an experience that was put since is drawn like rank 1, others by their rank of before.

        Raises InputError for capacities, weights or parameters that cannot be.
        """
        self._tree = SumTree(capacities)
        self.tier_weights: Floats = self._tree.check_tier_weights(tier_weights)
        if self.tier_weights.max() <= 0:
            raise InputError("every tier has weight 0: none could be drawn from")
        self._mirror = Mirror(shape, int(self._tree.capacities.sum()))
        self._leaves = Leaves(self._tree)
        self._weights = LeafWeights(self._tree, self._mirror, sampling, rerank_every)
        if seed is not None and (not isinstance(seed, (int, np.integer)) or seed < 0):
            raise InputError(f"seed is {seed!r}: it is a whole number from 0, or None")
        self._generator = np.random.Generator(np.random.PCG64(seed))
        #: Batches drawn, which beta grows with.
        self.batches = 0
        #: Updates that came too late: their experience had left its row.
        self.stale = 0
        self._highest = 0.0
        self._compared = 0

    def __len__(self) -> int:
        return len(self._mirror)

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        parts = (self._mirror, self._tree, self._leaves, self._weights)
        return sum(part.nbytes for part in parts)

    @property
    def counts(self) -> Ints:
        """How many experiences each tier holds, int64 (tiers,)."""
        return self._leaves.counts

    @property
    def totals(self) -> Floats:
        """The sum of weights in each tier, float64 (tiers,)."""
        return self._tree.totals

    @property
    def room(self) -> Ints:
        """How many more each tier can hold, int64 (tiers,)."""
        return self._tree.capacities - self._leaves.counts

    @property
    def highest_priority(self) -> float:
        """The highest raw priority that is held, 1.0 of none: what a new experience is given.

        A running maximum: where the highest has fallen or left, it may stay until as many
        priorities have changed as the arena has rows; then it is made anew of what is held.
        """
        return self._highest if len(self) else 1.0

    @property
    def sampling(self) -> Sampling:
        """How experiences are drawn. Setting it makes all weights anew from raw priorities.

        Raises InputError, and changes nothing, for parameters that cannot be.
        """
        return self._weights.sampling

    @sampling.setter
    def sampling(self, sampling: Sampling) -> None:
        self._weights.resample(sampling)
        self.batches = 0

    def put(
        self,
        columns: Columns,
        tiers: npt.ArrayLike,
        *,
        draws: npt.ArrayLike = 0,
        td_errors: npt.ArrayLike = math.nan,
    ) -> Ints:
        """Take in experiences, all or none; return their slots, int64 (n,).

        `tiers`: of each. `draws`, `td_errors`: what they had when they were here before. Raises
        InputError, numbering the row from 1, for a wrong shape, NaN or infinity, a priority that is
        not finite and > 0, and a memory that is here already; also where a tier has no room: evict
        first. Two memories of one step of an episode are not refused; n-step sums take either.
        """
        self._mirror.check_shapes(columns)
        into = self._tiers(tiers, len(columns))
        powers = weighting.of_priorities(columns.priorities, self.sampling)
        known = np.asarray(draws, np.int32), np.asarray(td_errors, np.float32)
        if any(one.shape not in {(), (len(columns),)} for one in known):
            raise InputError(
                f"give one number of draws and one TD error for each of {len(columns)}"
            )
        self._check_room(np.bincount(into, minlength=len(self.tier_weights)))
        rows = self._mirror.fill(columns)
        records = self._mirror.records
        records["tier"][rows] = into
        records["leaf"][rows] = self._leaves.take(into, rows)
        records["draws"][rows], records["td_error"][rows] = known
        self._weights.put(rows, powers)
        self._compare(columns.priorities)
        return rows

    def remove(self, memory_ids: npt.ArrayLike) -> None:
        """Let experiences go, all or none. Raises InputError for one not here or given twice."""
        rows = self._rows(memory_ids)
        records = self._mirror.records[rows]
        self._weights.clear(records["leaf"])
        self._leaves.give_back(records["tier"], records["leaf"])
        self._mirror.free(rows)
        self._compare(records["priority"][:0], len(rows))

    def move(self, memory_ids: npt.ArrayLike, tiers: npt.ArrayLike) -> None:
        """Put experiences into other tiers, all or none; slots, draws and priorities stay.

        Raises InputError for one not here or given twice, and where a tier has no room.
        """
        rows = self._rows(memory_ids)
        into = self._tiers(tiers, len(rows))
        records = self._mirror.records
        old, leaves = records["tier"][rows], records["leaf"][rows]
        size = len(self.tier_weights)
        self._check_room(np.bincount(into, minlength=size) - np.bincount(old, minlength=size))
        before = self._weights.clear(leaves)
        self._leaves.give_back(old, leaves)
        records["tier"][rows] = into
        records["leaf"][rows] = self._leaves.take(into, rows)
        self._weights.move(rows, before)

    def update(
        self,
        memory_ids: npt.ArrayLike,
        slots: npt.ArrayLike,
        priorities: npt.ArrayLike,
        td_errors: npt.ArrayLike | None = None,
    ) -> Bools:
        """Give experiences of a batch new raw priorities; return which were applied, bool (n,).

        `td_errors`: absolute values are kept; None: the priorities are |TD errors|. One whose
        slot holds another experience by now, or none, is left out and counted in `stale`. The later
        one wins where an experience is given twice. Raises InputError, and applies none, for a
        priority that is not finite and > 0, numbering it from 1.
        """
        ids = np.ascontiguousarray(memory_ids, np.int64)
        rows = np.ascontiguousarray(slots, np.int64)
        raw = np.ascontiguousarray(priorities, np.float64)
        # A priority may be beyond float32: its error is infinite there.
        with np.errstate(over="ignore"):
            errors = np.abs(np.asarray(raw if td_errors is None else td_errors, np.float32))
        if not ids.ndim == 1 or not ids.shape == rows.shape == raw.shape == errors.shape:
            raise InputError(
                f"memory_ids {ids.shape}, slots {rows.shape}, priorities {raw.shape} and td_errors"
                f" {errors.shape} must be columns of the same length"
            )
        powers = weighting.of_priorities(raw, self.sampling)
        applied = np.empty(len(ids), np.bool_)
        leaves = np.empty(len(ids), np.int64)
        row_kernels.apply(self._mirror.records, ids, rows, raw, errors, applied, leaves)
        if not applied.all():
            self.stale += int(len(applied) - applied.sum())
            leaves, powers, raw = leaves[applied], powers[applied], raw[applied]
        self._weights.update(leaves, powers)
        self._compare(raw)
        return applied

    def sample(self, n: int, beta: float | None = None) -> Batch:
        """Draw n experiences, stratified: the k-th at (k + U_k) / n of the distribution function.

        With replacement: one of great probability may come several times. `beta`: exponent of the
        importance weights; None: that of `sampling`. Raises InputError where nothing can be drawn.
        """
        if not isinstance(n, (int, np.integer)) or not 1 <= n <= MOST_DRAWS:
            raise InputError(f"n is {n!r}: draw 1 to {MOST_DRAWS:,} at once")
        if beta is not None and not is_between(beta, 0, 100):
            raise InputError(f"beta is {beta!r}: it is a number from 0 to 100")
        sampling = self.sampling
        self._weights.settle(self.counts)
        shares, least = self._tree.mixture(self.tier_weights)
        uniforms = (np.arange(n) + self._generator.random(n)) / n
        leaves, probabilities = self._tree.draw(uniforms, shares)
        exponent = importance.beta_of(sampling, self.batches) if beta is None else beta
        self.batches += 1
        return self._mirror.batch(
            self._leaves.rows[leaves].astype(np.int64),
            probabilities,
            importance.weights(probabilities, least, exponent),
            sampling.n_step,
            sampling.gamma,
        )

    def find(self, memory_ids: npt.ArrayLike) -> Ints:
        """The slot of each memory, -1 for one that is not here; int64 (n,)."""
        return self._mirror.find(memory_ids)

    def select(self) -> Held:
        """Copies of what rules and statistics need of all experiences."""
        return held(self._mirror.records, self._mirror.present())

    @property
    def rows(self) -> int:
        """How many slots there are: they are below this number."""
        return len(self._mirror.records)

    def at(self, slots: Ints) -> Held:
        """As `select`, of some slots."""
        return held(self._mirror.records, slots)

    def faults(self) -> list[str]:
        """What is not as it should be between rows, leaves and sums; empty when all is well.

        Each row's leaf weighs what its priority makes of it (mode PRIORITIZED), each leaf of no row
        nothing, and every sum is the one that a tree built anew would have, bit for bit.
        """
        rows = self._mirror.present()
        records = self._mirror.records[rows]
        weights = self._tree.weights(records["leaf"])
        found = []
        if self.sampling.mode is Mode.PRIORITIZED:
            wanted = weighting.of_priorities(records["priority"], self.sampling)
            if not np.array_equal(weights, wanted):
                found.append(f"{int((weights != wanted).sum())} leaves have another weight")
        if len(np.unique(records["leaf"])) != len(rows) or len(rows) != self.counts.sum():
            found.append("rows share a leaf, or a leaf has no row")
        if not np.array_equal(self._leaves.rows[records["leaf"]], rows):
            found.append("leaves are of other rows")
        before = self._tree.sums()
        self._tree.rebuild()
        if not np.array_equal(before, self._tree.sums()):
            found.append("sums are not those of a tree built anew")
        return found

    def state(self) -> dict[str, Any]:
        """What the next draws depend on besides the experiences: plain numbers and texts."""
        return {
            "generator": self._generator.bit_generator.state,
            "batches": self.batches,
            "stale": self.stale,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a state."""
        self._generator.bit_generator.state = state["generator"]
        self.batches = int(state["batches"])
        self.stale = int(state["stale"])

    def _compare(self, priorities: Floats, removed: int = 0) -> None:
        """Keep the running maximum after priorities were given or experiences removed."""
        self._compared += len(priorities) + removed
        if not len(self) or self._compared >= len(self._mirror.records):
            self._highest = row_kernels.highest(self._mirror.records) if len(self) else 0.0
            self._compared = 0
        elif len(priorities):
            self._highest = max(self._highest, float(priorities.max()))

    def _rows(self, memory_ids: npt.ArrayLike) -> Ints:
        ids = np.asarray(memory_ids, np.int64)
        rows = self._mirror.find(ids)
        if (rows < 0).any():
            raise InputError(f"memory {ids[rows.argmin()]} is not here")
        ordered = np.sort(rows)
        if (ordered[1:] == ordered[:-1]).any():
            raise InputError("a memory is given twice")
        return rows

    def _tiers(self, tiers: npt.ArrayLike, count: int) -> Ints:
        into = np.asarray(tiers, np.int64)
        size = len(self.tier_weights)
        if into.shape != (count,) or (count and not 0 <= into.min() <= into.max() < size):
            raise InputError(
                f"give one tier, from 0 to {size - 1}, for each of {count} experiences"
            )
        return into

    def _check_room(self, more: Ints) -> None:
        lacking = more - self.room
        if (lacking > 0).any():
            tier = int(lacking.argmax())
            raise InputError(
                f"tier {tier} of {self._tree.capacities[tier]} has no room for"
                f" {lacking[tier]} of the experiences: evict first"
            )
