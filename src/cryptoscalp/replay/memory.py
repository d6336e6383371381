"""A replay buffer as a learner has it: in memory for draws, on disk and in PostgreSQL to stay."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from cryptoscalp.infra.db.drivers import SyncDriver
from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.infra.db.flow import Operation
from cryptoscalp.replay import incoming
from cryptoscalp.replay.adding import Adding
from cryptoscalp.replay.additions import Addition, Change, Update
from cryptoscalp.replay.arena import Arena
from cryptoscalp.replay.held import Held
from cryptoscalp.replay.loading import Loaded, working_values
from cryptoscalp.replay.outbox import Outbox
from cryptoscalp.replay.replay_types import Batch, Bools, Durability, Ints, Sampling
from cryptoscalp.replay.reward_moments import Moments
from cryptoscalp.replay.storing import Working
from cryptoscalp.replay.tier_types import TIERS

_WORKING: Final = Operation(working_values, transaction=False, retry=True)
_DRAWN: Final = np.uint8(1)
_UPDATED: Final = np.uint8(2)
#: What an error of exactly zero becomes: a priority is above zero.
LEAST_PRIORITY: Final = 1e-12


class ReplayMemory(Adding):
    """An open buffer: `add`, `sample`, `update`.

    Drawing and updating take place in memory; what they change is journaled before the call
    returns and follows in PostgreSQL (`lags`). Others' experiences come in by themselves. One
    memory of a buffer is its keeper: it applies the rules of the tiers for all.
    """

    def __init__(
        self, driver: SyncDriver, outbox: Outbox, *, sampling: Sampling, seed: int | None,
        durability: Durability, stored: Ints,
    ) -> None:  # fmt: skip
        super().__init__(driver, outbox, durability=durability)
        tiers = self.buffer.tiers
        self._arena = Arena(
            self.buffer.shape,
            # Who is not the keeper hears of evictions a moment later than of additions; and the
            # database may have more than fits, where tiers have become smaller.
            [
                max(tier.capacity, int(there)) + max(1024, tier.capacity // 16)
                for tier, there in zip(tiers, stored, strict=True)
            ],
            [tier.weight for tier in tiers],
            sampling,
            seed,
        )
        rows = self._arena.rows
        #: What the database does not have of a row (_DRAWN, _UPDATED), and draws that it has.
        self._dirty = np.zeros(rows, np.uint8)
        self._drawn = np.zeros(rows, np.int32)
        #: Whether this memory applies the rules of the tiers.
        self.is_keeper = False

    def __len__(self) -> int:
        """How many experiences are here."""
        return len(self._arena)

    @property
    def counts(self) -> Ints:
        """How many experiences each tier has, tier 1 first; int64 (6,)."""
        return self._arena.counts.copy()

    @property
    def stale(self) -> int:
        """Priority updates that came after their experience had left; they are ignored."""
        return self._arena.stale + self._outbox.stale

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        return self._arena.nbytes + self._dirty.nbytes + self._drawn.nbytes

    @property
    def sampling(self) -> Sampling:
        """How experiences are drawn; setting it makes all weights anew from raw priorities."""
        return self._arena.sampling

    @sampling.setter
    def sampling(self, sampling: Sampling) -> None:
        with self.lock:
            self._arena.sampling = sampling

    def sample(self, n: int, beta: float | None = None) -> Batch:
        """Draw n experiences with replacement, stratified over all tiers.

        A tier is drawn from by its weight, in it by `sampling`. `beta`: exponent of the importance
        weights, in place of the annealed one. Raises InputError where nothing can be drawn.
        """
        with self.lock:
            self._check_open()
            batch = self._arena.sample(n, beta)
            self._dirty[batch.slots] |= _DRAWN
            return batch

    def update(self, batch: Batch, td_errors: npt.ArrayLike) -> Bools:
        """Give drawn experiences |TD error| as raw priority; which were here still: bool (n,).

        An error of zero counts as 1e-12. Those that have left are ignored and counted in `stale`.
        Raises InputError for NaN, infinity or another length, JournalFull as `add` does; nothing is
        changed then. With JournalError it is changed in memory only.
        """
        errors = incoming.numbers(td_errors, _size(batch), "td_errors")
        return self.update_priorities(
            batch, np.maximum(np.abs(errors), LEAST_PRIORITY), td_errors=errors
        )

    def update_priorities(
        self, batch: Batch, priorities: npt.ArrayLike, *, td_errors: npt.ArrayLike | None = None
    ) -> Bools:
        """As `update`, with raw priorities of the caller's own, from 1e-60 to 1e60."""
        raw = incoming.priorities(priorities, _size(batch))
        errors = raw if td_errors is None else incoming.numbers(td_errors, len(batch), "td_errors")
        with np.errstate(over="ignore"):
            told = np.abs(errors).astype(np.float32)
        with self.lock:
            self._check_open()
            self._wait_for_room(24 * len(batch))
            applied = self._arena.update(batch.memory_ids, batch.slots, raw, told)
            if applied.all():
                self._dirty[batch.slots] |= _UPDATED
                self._outbox.put(Update(batch.memory_ids, raw, told))
            elif applied.any():
                self._dirty[batch.slots[applied]] |= _UPDATED
                self._outbox.put(Update(batch.memory_ids[applied], raw[applied], told[applied]))
        if not self._durability.sync_every_s:
            self._outbox.sync()
        return applied

    def apply_rules(self) -> int:
        """Promote, demote and evict by the rules of the tiers, now; how many experiences moved.

        The keeper does so by itself every `rules_every_s`.
        """
        with self.lock:
            self._check_open()
            held = self._arena.select()
        # A million experiences take a tenth of a second: others draw meanwhile.
        wanted = self.keeper.apply(held)
        with self.lock:
            return self._change(self._as_before(wanted, held))

    def fit(self) -> int:
        """Let go of what tiers hold beyond their capacities; how many moved or left.

        For the keeper of a buffer whose tiers have become smaller, or that nobody kept for a while.
        """
        with self.lock:
            none = np.zeros(TIERS, np.int64)
            if not self.keeper.lacks_room(self.counts, none):
                return 0
            return self._change(self.keeper.make_room(self._arena.select(), self.counts, none))

    def held(self) -> Held:
        """All experiences' memory_ids, tiers (from 0), priorities and the like, as copies."""
        with self.lock:
            return self._arena.select()

    def verify(self) -> list[str]:
        """Whether memory and database are equal, once all is stored; what differs, in words.

        For a buffer that nobody else works on at this moment. Ids, tiers, priorities, |TD errors|
        and numbers of draws are compared exactly, and the sum tree with the priorities.
        """
        self.flush()
        with self.lock:
            held = self._arena.select()
            found = self._arena.faults()
            there: Held = self._driver.run(_WORKING, self.buffer.buffer_id)
        order = np.argsort(held.memory_ids)
        if not np.array_equal(held.memory_ids[order], there.memory_ids):
            lost = len(np.setdiff1d(there.memory_ids, held.memory_ids))
            strange = len(np.setdiff1d(held.memory_ids, there.memory_ids))
            return [
                *found,
                f"{lost} experiences of the database are not here, {strange} are only here",
            ]
        for name in ("tiers", "priorities", "td_errors", "draws"):
            here, stored = getattr(held, name)[order], getattr(there, name)
            same = (here == stored) | ((here != here) & (stored != stored))
            if not same.all():
                found.append(f"{int((~same).sum())} {name} differ from the database")
        return found

    def state(self) -> dict[str, Any]:
        """What the next draws depend on beside the experiences: for `restore`, JSON-able."""
        with self.lock:
            return self._arena.state()

    def restore(self, state: dict[str, Any]) -> None:
        """Go on drawing from where `state` was taken. Raises InputError for another thing."""
        with self.lock:
            try:
                self._arena.restore(state)
            except (KeyError, TypeError, ValueError) as error:
                raise InputError(f"this is no state of a replay memory: {error!r}") from None

    def take(self, loaded: Loaded) -> int:
        """Take in experiences that the database has; those that are here are left alone."""
        with self.lock:
            fresh = np.flatnonzero(self._arena.find(loaded.columns.memory_ids) < 0)
            if not len(fresh):
                return 0
            for first in range(0, len(fresh), step := self._step(loaded.tiers[fresh])):
                self._take_part(loaded.some(fresh[first : first + step]))
            return len(fresh)

    def _take_part(self, loaded: Loaded) -> None:
        self._leave_room(np.bincount(loaded.tiers, minlength=TIERS + 1)[1:])
        slots = self._arena.put(
            loaded.columns, loaded.tiers - 1, draws=loaded.draws, td_errors=loaded.td_errors
        )
        self._dirty[slots] = 0
        self._drawn[slots] = loaded.draws
        self.keeper.moments = self.keeper.moments.merged(Moments.of(loaded.columns.rewards))

    def follow(self, change: Change) -> None:
        """Do here what another process did in the database."""
        with self.lock:
            here = self._arena.find(change.memory_ids) >= 0
            gone = change.memory_ids[here & (change.tiers == 0)]
            self._remove(gone)
            staying = here & (change.tiers > 0)
            into = np.bincount(change.tiers[staying], minlength=TIERS + 1)[1:]
            if (into > self._arena.room).any():
                self._leave_room(into)
                staying &= self._arena.find(change.memory_ids) >= 0
            self._arena.move(change.memory_ids[staying], change.tiers[staying] - 1)

    def working(self) -> tuple[int, Working]:
        """The last record of the journal, and working values that the database does not have."""
        with self.lock:
            slots = np.flatnonzero(self._dirty)
            held = self._arena.at(slots)
            draws = held.draws - self._drawn[slots]
            updated = (self._dirty[slots] & _UPDATED) > 0
            self._dirty[slots] = 0
            self._drawn[slots] = held.draws
            return self._outbox.journal.last, Working(
                held.memory_ids, held.priorities, held.td_errors, draws, updated
            )

    def _highest(self) -> float:
        return self._arena.highest_priority

    def _take_in(self, addition: Addition) -> None:
        for first in range(0, len(addition), step := self._step(addition.tiers)):
            self._take_in_part(addition.some(slice(first, first + step)))

    def _step(self, tiers: npt.NDArray[np.int8]) -> int:
        """How many at once: they have room in their tiers, whoever has to leave for them."""
        least = min(self.keeper.tiers[int(tier) - 1].capacity for tier in np.unique(tiers))
        return max(least // 2, 1)

    def _take_in_part(self, addition: Addition) -> None:
        self._wait_for_room(self._bytes(len(addition)))
        more = np.bincount(addition.tiers, minlength=TIERS + 1)[1:]
        self._leave_room(more)
        self._outbox.put(addition)
        slots = self._arena.put(addition.columns, addition.tiers - 1)
        self._dirty[slots] = 0
        self._drawn[slots] = 0

    def _leave_room(self, more: Ints) -> None:
        """Let others go where so many do not fit in, by tier.

        Who is not the keeper waits for it to do so, as long as there is room for that.
        """
        if self.is_keeper:
            if self.keeper.lacks_room(self.counts, more):
                self._change(self.keeper.make_room(self._arena.select(), self.counts, more))
        elif (more > self._arena.room).any():
            self._perform(self.keeper.make_room(self._arena.select(), self.counts, more))

    def _as_before(self, change: Change, held: Held) -> Change:
        """What of a change is about experiences that are where they were."""
        slots = self._arena.find(change.memory_ids)
        order = np.argsort(held.memory_ids)
        places = order[np.searchsorted(held.memory_ids, change.memory_ids, sorter=order)]
        kept = (slots >= 0) & (self._arena.at(slots).tiers == held.tiers[places])
        return Change(change.memory_ids[kept], change.tiers[kept])

    def _change(self, change: Change) -> int:
        """Journal a change and perform it."""
        if len(change.memory_ids):
            self._outbox.put(change)
            self._perform(change)
        return len(change.memory_ids)

    def _perform(self, change: Change) -> None:
        self._remove(change.memory_ids[change.tiers == 0])
        staying = change.tiers > 0
        self._arena.move(change.memory_ids[staying], change.tiers[staying] - 1)

    def _remove(self, memory_ids: Ints) -> None:
        slots = self._arena.find(memory_ids)
        self._arena.remove(memory_ids)
        self._dirty[slots] = 0


def _size(batch: Batch) -> int:
    if not isinstance(batch, Batch):
        raise InputError(f"a batch is what `sample` returns, not {type(batch).__name__}")
    return len(batch)
