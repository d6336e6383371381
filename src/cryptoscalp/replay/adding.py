"""What every process can do that takes part in a buffer: add to it, durably."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import datetime
from types import TracebackType
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from cryptoscalp.infra.db.drivers import SyncDriver
from cryptoscalp.infra.db.errors import CryptoscalpError, InputError
from cryptoscalp.registry.model_types import ModelReference
from cryptoscalp.replay import incoming
from cryptoscalp.replay.additions import Addition
from cryptoscalp.replay.journal import HEADS
from cryptoscalp.replay.links import Links, regime_number
from cryptoscalp.replay.loading import IDS
from cryptoscalp.replay.outbox import Outbox, nothing
from cryptoscalp.replay.replay_types import Buffer, Columns, Durability, Ints, Lags, Shape
from cryptoscalp.replay.storing import Working
from cryptoscalp.replay.tier_keeper import TierKeeper
from cryptoscalp.replay.upkeep import Upkeep

#: Left free for changes of tiers.
_CHANGE_BYTES: Final = 1 << 16
_MOST_EPISODE: Final = 2**63 - 1
_MOST_STEP: Final = 2**31 - 1
#: Bytes of an experience in a journal beside its vectors, at most.
_FIXED_BYTES: Final = 96

Moments = npt.ArrayLike | datetime | Sequence[datetime] | None


class Adding:
    """A buffer that is open for adding: a journal, and a thread that brings it to the database.

    Close it, or use it in a `with` statement: what the database does not have yet then stays in
    the journal only if it is away. Methods may be called from several threads.
    """

    def __init__(self, driver: SyncDriver, outbox: Outbox, *, durability: Durability) -> None:
        self.buffer: Buffer = outbox.buffer
        self.lock = threading.RLock()
        self.keeper = TierKeeper(self.buffer.tiers)
        self._driver = driver
        self._outbox = outbox
        self._links = Links(driver)
        self._durability = durability
        self._added = 0
        self._refused = 0
        self._closed = False
        self._upkeep: Upkeep | None = None

    @property
    def shape(self) -> Shape:
        """The form of its experiences."""
        return self.buffer.shape

    @property
    def lags(self) -> Lags:
        """How far the journal and the database are behind, now."""
        outbox = self._outbox
        failure = self._upkeep.failure if self._upkeep is not None else None
        return Lags(
            journal_s=outbox.journal_lag_s,
            database_s=outbox.database_lag_s,
            records=outbox.waiting,
            journal_bytes=outbox.journal.bytes,
            failure=str(failure) if failure is not None else None,
        )

    def add(
        self,
        states: npt.ArrayLike,
        actions: npt.ArrayLike,
        rewards: npt.ArrayLike,
        next_states: npt.ArrayLike,
        terminals: npt.ArrayLike,
        *,
        truncations: npt.ArrayLike | None = None,
        episodes: npt.ArrayLike | None = None,
        steps: npt.ArrayLike | None = None,
        timestamps: Moments = None,
        next_timestamps: Moments = None,
        priorities: npt.ArrayLike | None = None,
        model: ModelReference | None = None,
        portfolio: str | None = None,
        trades: npt.ArrayLike | None = None,
        regime: str | None = None,
    ) -> Ints:
        """Take in n experiences, all or none; return their memory_ids, int64 (n,).

        states, next_states (n, width), float32; actions (n,) integers or (n, action_width);
        rewards (n,) float64; terminals, truncations (n,). `episodes`, `steps`: for n-step returns,
        numbers that steps of one episode share, and 0, 1, 2, ... within it; without them each
        experience is an episode. `timestamps`, `next_timestamps`: when the states were observed, µs
        since 1970, datetime64 in UTC or datetimes with a zone; now, and a microsecond later.
        `priorities`: raw, from 1e-60 to 1e60; the highest that is held. `model`, `portfolio`,
        `trades` (numbers, 0 for none; not looked up), `regime`: what it came from. An experience
        that no tier admits gets the id 0.

        When it returns, a crash of this process loses nothing, and one of the machine at most what
        came within `sync_every_s`; with 0 nothing. Raises InputError for what cannot be stored, of
        which it names the row; NotFound for an unknown model or portfolio; JournalFull when the
        database has been away for so long that the journal is at its bound; JournalError when the
        disk refuses. Nothing was added then, but by the first parts of a batch that is larger than
        half a tier or an eighth of the journal.
        """
        shape = self.buffer.shape
        given = incoming.matrix(states, shape.state_width, "states")
        count = len(given)
        following = incoming.matrix(next_states, shape.state_width, "next_states")
        if len(following) != count:
            raise InputError(f"next_states are {len(following)}; there must be {count}, one a row")
        at = incoming.moments(timestamps, count, "timestamps")
        after = at + 1 if next_timestamps is None else incoming.moments(
            next_timestamps, count, "next_timestamps"
        )  # fmt: skip
        if (after <= at).any():
            row = int((after <= at).argmax())
            raise InputError(
                f"row {row + 1}: next_timestamps {after[row]} is not later than timestamps"
                f" {at[row]}"
            )
        raw = None if priorities is None else incoming.priorities(priorities, count)
        fixed: dict[str, Any] = {
            "states": given,
            "actions": incoming.actions(actions, shape, count),
            "rewards": incoming.numbers(rewards, count, "rewards"),
            "next_states": following,
            "terminals": incoming.flags(terminals, count, "terminals"),
            "truncations": incoming.flags(truncations, count, "truncations"),
            "steps": incoming.whole(steps, count, "steps", otherwise=0, most=_MOST_STEP).astype(
                np.int32
            ),
            "timestamps": at,
            "regimes": np.full(count, regime_number(regime), np.int8),
        }
        own = None if episodes is None else incoming.whole(
            episodes, count, "episodes", otherwise=0, most=_MOST_EPISODE
        )  # fmt: skip
        model_id, portfolio_id = self._links.model(model), self._links.portfolio(portfolio)
        linked = incoming.whole(trades, count, "trades", otherwise=0, most=_MOST_EPISODE)

        with self.lock:
            self._check_open()
            # Given out for good, whether the experiences behind them can be stored or not.
            ids = self._outbox.writer_id * IDS + self._added + np.arange(1, count + 1)
            self._added += count
            columns = Columns(
                memory_ids=ids,
                episodes=ids if own is None else own,
                priorities=np.full(count, self._highest()) if raw is None else raw,
                **fixed,
            )
            tiers = self.keeper.enter(columns)
            whole = Addition(
                columns,
                tiers,
                after,
                np.full(count, model_id, np.int64),
                np.full(count, portfolio_id, np.int64),
                linked,
            )
            admitted = tiers > 0
            for part in self._in_parts(whole if admitted.all() else whole.some(admitted)):
                self._take_in(part)
            self._refused += count - int(admitted.sum())
        if not self._durability.sync_every_s and count:
            self._outbox.sync()
        return np.where(admitted, ids, 0)

    def flush(self, timeout_s: float | None = 60.0) -> None:
        """Wait until the database has all that was added and learned before this call.

        Raises ConnectionLost (or what else was the last failure) when it takes longer.
        """
        self._check_open()
        assert self._upkeep is not None
        self._outbox.sync()
        self._upkeep.flush(timeout_s)

    def close(self, timeout_s: float | None = 60.0) -> None:
        """Flush, and let go. When the database stays away, the journal stays on disk.

        It is stored when the buffer is opened on this machine again; the failure is raised.
        """
        if self._closed:
            return
        failure: CryptoscalpError | None = None
        try:
            self.flush(timeout_s)
        except CryptoscalpError as error:
            failure = error
        self._closed = True
        if self._upkeep is not None:
            self._upkeep.stop()
        if failure is None and not self._outbox.waiting:
            self._outbox.journal.remove()
        else:
            self._outbox.journal.close()
        self._driver.close()
        if failure is not None:
            raise failure

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _highest(self) -> float:
        """Raw priority of a new experience."""
        return 1.0

    def working(self) -> tuple[int, Working]:
        """The last record of the journal, and working values that the database does not have."""
        return self._outbox.journal.last, nothing()

    def _take_in(self, addition: Addition) -> None:
        """Add experiences that fit into the journal at once."""
        self._wait_for_room(self._bytes(len(addition)))
        self._outbox.put(addition)

    def _wait_for_room(self, size: int) -> None:
        """Wait until the journal takes so many bytes, and a change of tiers before them."""
        needed = size + 2 * HEADS + _CHANGE_BYTES
        if self._outbox.has_room(needed):
            return
        # Whoever stores the journal takes this lock for a moment.
        self.lock.release()
        try:
            self._outbox.wait_for_room(needed, self._durability.room_timeout_s)
        finally:
            self.lock.acquire()

    def _bytes(self, count: int) -> int:
        shape = self.buffer.shape
        return count * (8 * shape.state_width + 8 * shape.action_width + _FIXED_BYTES)

    def _in_parts(self, addition: Addition) -> list[Addition]:
        """Parts that fit into the journal, an eighth of it at most each."""
        most = max(self._outbox.journal.limit_bytes // 8 // self._bytes(1), 1)
        if len(addition) <= most:
            return [addition] if len(addition) else []
        return [addition.some(slice(at, at + most)) for at in range(0, len(addition), most)]

    def begin(self, upkeep: Upkeep) -> None:
        """Let a thread bring to the database what is added from now on."""
        self._upkeep = upkeep
        upkeep.start()

    def _check_open(self) -> None:
        if self._closed:
            raise InputError(f"replay buffer {self.buffer.name!r} is closed here; open it again")
        if self._upkeep is not None and self._upkeep.broken is not None:
            raise self._upkeep.broken
