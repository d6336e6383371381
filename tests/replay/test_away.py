"""The database is away while training goes on: the journal takes it, up to its bound."""

from __future__ import annotations

import dataclasses
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from cryptoscalp import ConnectionLost, CryptoscalpError, Database, connect
from cryptoscalp.infra.db.errors import JournalError, JournalFull
from cryptoscalp.infra.server import EmbeddedServer
from cryptoscalp.replay.replay_types import Durability
from cryptoscalp.replay.tier_defaults import default_tiers
from tests.replay.opened import declared, experiences


def test_training_goes_on_and_all_of_it_comes_later(
    own_server: EmbeddedServer, tmp_path: Path
) -> None:
    durability = Durability(journals=tmp_path, store_every_s=0.05)
    with connect(own_server.dsn) as db:
        declared(db, "away", width=2)
        with db.replay.memory("away", durability=durability) as memory:
            memory.add(**experiences(20, width=2))
            memory.flush()
            own_server.stop()
            ids = memory.add(**experiences(30, width=2, seed=1))
            for n in range(20):
                memory.update(memory.sample(16), np.full(16, 1.0 + n))
            time.sleep(0.5)
            lags = memory.lags
            assert lags.database_s > 0.4
            assert lags.records == 21
            assert "connection" in str(lags.failure)
            assert memory.lags.journal_s < 0.5
            with pytest.raises(ConnectionLost):
                memory.flush(timeout_s=0.3)
            own_server.ensure_running()
            assert memory.verify() == []
            assert set(ids.tolist()) <= set(memory.held().memory_ids.tolist())
            assert memory.lags.records == 0
            assert memory.lags.failure is None


def test_the_keeper_keeps_the_tiers_while_it_is_away(
    own_server: EmbeddedServer, tmp_path: Path
) -> None:
    durability = Durability(journals=tmp_path, store_every_s=0.05)
    with connect(own_server.dsn) as db:
        declared(db, "kept", width=2, capacity=100)
        with db.replay.memory("kept", durability=durability) as memory:
            assert memory.is_keeper
            own_server.stop()
            try:
                time.sleep(0.3)
                for seed in range(20):
                    memory.add(**experiences(20, width=2, seed=seed))
                assert memory.counts[0] <= 40
            finally:
                own_server.ensure_running()
            assert memory.verify() == []
            assert memory.counts[0] <= 40


def test_what_no_longer_fits_leaves_when_it_is_opened(
    blocking: Database, journals: Durability
) -> None:
    declared(blocking, "smaller", width=2, capacity=100)
    with blocking.replay.memory("smaller", durability=journals) as memory:
        memory.add(**experiences(40, width=2))
        assert memory.counts[0] == 40
    blocking.replay.set_tiers("smaller", default_tiers(50))
    with blocking.replay.memory("smaller", durability=journals, rules_every_s=None) as memory:
        assert 19 <= memory.counts[0] <= 20
        assert memory.verify() == []


def test_closed_while_it_is_away_the_journal_stays(
    own_server: EmbeddedServer, tmp_path: Path
) -> None:
    durability = Durability(journals=tmp_path, store_every_s=0.05)
    with connect(own_server.dsn) as db:
        declared(db, "closed", width=2)
        memory = db.replay.memory("closed", durability=durability)
        memory.add(**experiences(20, width=2))
        memory.flush()
        own_server.stop()
        try:
            memory.add(**experiences(30, width=2, seed=1))
            with pytest.raises(ConnectionLost):
                memory.close(timeout_s=0.3)
            memory.close()
        finally:
            own_server.ensure_running()
        with db.replay.memory("closed", durability=durability) as again:
            assert len(again) == 50
            assert again.verify() == []


def test_at_its_bound_who_adds_waits_and_is_told(
    own_server: EmbeddedServer, tmp_path: Path
) -> None:
    bounded = Durability(
        journals=tmp_path, store_every_s=0.05, journal_limit_bytes=200_000, room_timeout_s=0.5
    )
    with connect(own_server.dsn) as db:
        declared(db, "bounded", width=2, capacity=100_000)
        with db.replay.memory("bounded", durability=bounded) as memory:
            own_server.stop()
            added = 0
            try:
                while memory.lags.journal_bytes < 130_000:
                    added += len(memory.add(**experiences(50, width=2, seed=added)))
                assert added > 300
                with pytest.raises(JournalFull, match=r"has taken nothing .*; nothing was added"):
                    memory.add(**experiences(50, width=2))
                before = len(memory)
                assert before == added
                with pytest.raises(JournalFull):
                    memory.update(memory.sample(1000), np.ones(1000))
                # One that waits goes on as soon as the database takes something.
                memory._durability = dataclasses.replace(bounded, room_timeout_s=None)
                waiting = threading.Thread(
                    target=lambda: memory.add(**experiences(50, width=2, seed=7))
                )
                waiting.start()
                time.sleep(0.3)
                assert waiting.is_alive()
            finally:
                own_server.ensure_running()
            waiting.join(timeout=30)
            assert len(memory) == added + 50
            assert memory.verify() == []


def test_a_disk_that_refuses_is_told_and_nothing_is_added(
    blocking: Database, journals: Durability, monkeypatch: pytest.MonkeyPatch
) -> None:
    declared(blocking, "disk", width=2)
    with blocking.replay.memory("disk", durability=journals) as memory:
        memory.add(**experiences(5, width=2))
        with monkeypatch.context() as patched:

            def refuse(*_: object) -> int:
                raise OSError(28, "No space left on device")

            patched.setattr("cryptoscalp.replay.journal.os.writev", refuse)
            with pytest.raises(JournalError, match="No space left on device; nothing was added"):
                memory.add(**experiences(5, width=2))
        assert len(memory) == 5
        memory.add(**experiences(5, width=2))
        assert len(memory) == 10
        assert memory.verify() == []


def test_every_add_is_synced_where_that_is_asked_for(
    blocking: Database, journals: Durability
) -> None:
    declared(blocking, "synced", width=2)
    each = dataclasses.replace(journals, sync_every_s=0.0)
    with blocking.replay.memory("synced", durability=each) as memory:
        for seed in range(5):
            memory.add(**experiences(3, width=2, seed=seed))
            assert memory._outbox.journal.synced == memory._outbox.journal.last
        memory.update(memory.sample(4), np.ones(4))
        assert memory._outbox.journal.synced == memory._outbox.journal.last == 6
        assert memory.lags.journal_s == 0.0


def test_what_no_waiting_mends_is_told_to_who_adds_next(
    blocking: Database, journals: Durability, monkeypatch: pytest.MonkeyPatch
) -> None:
    declared(blocking, "broken", width=2)
    memory = blocking.replay.memory("broken", durability=journals)
    memory.add(**experiences(5, width=2))
    with monkeypatch.context() as patched:

        def fail(*_: object) -> None:
            raise ValueError("no such thing")

        patched.setattr(memory._outbox, "drain", fail)
        with pytest.raises(CryptoscalpError, match="unexpected ValueError: no such thing"):
            memory.flush()
    with pytest.raises(CryptoscalpError, match="unexpected ValueError: no such thing"):
        memory.add(**experiences(5, width=2))
    with pytest.raises(CryptoscalpError):
        memory.close()
    # Nothing of it is lost.
    with blocking.replay.memory("broken", durability=journals) as again:
        assert len(again) == 5
