"""Opening a buffer: what others left behind is stored, then memory is built from the database."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import platformdirs

from cryptoscalp.infra.db.drivers import SyncDriver
from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.infra.db.flow import Operation
from cryptoscalp.infra.settings import Settings
from cryptoscalp.registry.features import feature_fingerprint
from cryptoscalp.replay.adding import Adding
from cryptoscalp.replay.buffers import buffer as buffer_of
from cryptoscalp.replay.journal import Journal
from cryptoscalp.replay.loading import BEFORE_ALL, Loaded, held_by_tier, identity, load
from cryptoscalp.replay.memory import ReplayMemory
from cryptoscalp.replay.outbox import Outbox, left_behind
from cryptoscalp.replay.replay_types import Buffer, Durability, Sampling
from cryptoscalp.replay.rounds import HORIZON, LearnersRounds, Rounds, recent
from cryptoscalp.replay.storing import open_writer
from cryptoscalp.replay.upkeep import Upkeep

_BUFFER: Final = Operation(buffer_of, transaction=False, retry=True)
_IDENTITY: Final = Operation(identity, transaction=False, retry=True)
_COUNTS: Final = Operation(held_by_tier, transaction=False, retry=True)
_LOAD: Final = Operation(load, transaction=False, retry=True)
# Asked twice, a number is given out that nobody uses.
_OPEN: Final = Operation(open_writer, transaction=False, retry=True)


class _Place:
    """A buffer, a driver for whoever opens it, and the folder of its journals on this machine."""

    def __init__(
        self, dsn: str, name: str, features: Sequence[str] | bytes | str | None,
        durability: Durability,
    ) -> None:  # fmt: skip
        self.driver = SyncDriver(dsn, max_connections=3, timeout_s=10.0)
        self.durability = durability
        self._journal: Journal | None = None
        self.driver.open()
        try:
            self.buffer: Buffer = self.driver.run(_BUFFER, name)
            _check_features(self.buffer, features)
            root = durability.journals or default_journals()
            database: str = self.driver.run(_IDENTITY)
            self._folder = root / database / str(self.buffer.buffer_id)
            left_behind(self.driver, self.buffer, self._folder, durability.journal_limit_bytes)
        except BaseException:
            self.driver.close()
            raise

    def outbox(self) -> Outbox:
        """A new journal."""
        number = self.driver.run(_OPEN, self.buffer.buffer_id)
        limit = self.durability.journal_limit_bytes
        self._journal = Journal(self._folder / f"{number:012d}", limit_bytes=limit)
        return Outbox(self.driver, self.buffer, number, self._journal, 0)

    def give_up(self) -> None:
        """Leave nothing behind: the journal is empty."""
        if self._journal is not None:
            self._journal.remove()
        self.driver.close()

    def begin(self, adding: Adding, outbox: Outbox, rounds: Rounds) -> None:
        """Start the threads."""
        adding.begin(
            Upkeep(
                f"replay {self.buffer.name}",
                outbox.sync,
                rounds,
                sync_every_s=self.durability.sync_every_s,
                round_every_s=self.durability.store_every_s,
            )
        )


def default_journals() -> Path:
    """CRYPTOSCALP_REPLAY_JOURNALS, or the platform's folder for what a program keeps."""
    return Settings().replay_journals or platformdirs.user_state_path("cryptoscalp") / "replay"


def open_memory(
    dsn: str,
    name: str,
    *,
    sampling: Sampling | None = None,
    seed: int | None = None,
    features: Sequence[str] | bytes | str | None = None,
    rules_every_s: float | None = 5.0,
    durability: Durability | None = None,
) -> ReplayMemory:
    """Open a buffer for drawing, learning and adding; close it, or use it in a `with` statement.

    What a process that is gone has left in its journal on this machine is stored first; then all
    experiences are read into memory. `sampling`: how is drawn; None: by priority with the defaults
    of `Sampling`. `seed`: of the draws. `features`: names or fingerprint that the buffer's states
    must have. `rules_every_s`: how often the rules of the tiers are applied where this memory is
    their keeper; None: only by `apply_rules`. On asyncio it is awaited or entered.

    Raises NotFound for an unknown buffer; InputError for other features and for what `sampling`,
    `seed` or `durability` cannot be; JournalError for a journal that is damaged.
    """
    place = _Place(dsn, name, features, durability or Durability())
    try:
        since = place.driver.run(HORIZON)
        outbox = place.outbox()
        memory = ReplayMemory(
            place.driver,
            outbox,
            sampling=sampling or Sampling(),
            seed=seed,
            durability=place.durability,
            stored=np.array(place.driver.run(_COUNTS, place.buffer.buffer_id)),
        )
        rounds = LearnersRounds(
            memory, outbox, place.driver, since=since, rules_every_s=rules_every_s
        )
        _fill(memory, rounds, place.driver, since)
        # From the first moment on it is known who keeps the tiers.
        rounds.keep()
        if memory.is_keeper:
            memory.fit()
        place.begin(memory, outbox, rounds)
    except BaseException:
        place.give_up()
        raise
    return memory


def open_adding(
    dsn: str,
    name: str,
    *,
    features: Sequence[str] | bytes | str | None = None,
    durability: Durability | None = None,
) -> Adding:
    """Open a buffer for adding only: an actor. It needs no memory for what is there.

    Arguments and errors as `memory`.
    """
    place = _Place(dsn, name, features, durability or Durability())
    try:
        outbox = place.outbox()
        adding = Adding(place.driver, outbox, durability=place.durability)
        place.begin(adding, outbox, Rounds(adding, outbox))
    except BaseException:
        place.give_up()
        raise
    return adding


def _fill(memory: ReplayMemory, rounds: LearnersRounds, driver: SyncDriver, since: int) -> None:
    """Take in all that the database has."""
    buffer, after = memory.buffer, BEFORE_ALL
    while True:
        loaded: Loaded = driver.run(_LOAD, buffer.buffer_id, buffer.shape, after)
        if not len(loaded):
            return
        memory.take(loaded)
        rounds.seen |= recent(loaded, since)
        after = int(loaded.columns.memory_ids[-1])


def _check_features(buffer: Buffer, features: Sequence[str] | bytes | str | None) -> None:
    """Refuse states of other features than the buffer's."""
    if features is None:
        return
    if isinstance(features, str):
        try:
            features = bytes.fromhex(features)
        except ValueError:
            raise InputError(
                f"features {features!r}: give their names as a sequence, or a fingerprint in hex"
            ) from None
    given = features if isinstance(features, bytes) else feature_fingerprint(features)
    if given != buffer.fingerprint:
        more = ", ..." if len(buffer.features) > 5 else ""
        raise InputError(
            f"replay buffer {buffer.name!r} has states of feature set {buffer.feature_set_id}"
            f" ({', '.join(buffer.features[:5])}{more}; fingerprint"
            f" {buffer.fingerprint.hex()[:16]}...), not of these ({given.hex()[:16]}...)"
        )
