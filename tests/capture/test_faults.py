"""Importers and servers killed at any moment: once it has run again, all is stored, once."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from cryptoscalp import connect
from cryptoscalp.infra.server import EmbeddedServer
from tests.capture import brute
from tests.capture.test_importer import collector_file, stored
from tests.postgres import Place, settle

_EVENTS = 60_000
_KILL = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'cryptoscalp'"
    " AND datname = current_database()"
)
_IMPORT = """
import sys, cryptoscalp
with cryptoscalp.connect(sys.argv[1]) as db:
    print("ready", flush=True)
    print(db.capture.import_files(sys.argv[2:]).account.total.stored)
"""


@contextmanager
def importer(dsn: str, *files: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that imports; it is connected when this returns."""
    command = [sys.executable, "-c", _IMPORT, dsn, *map(str, files)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == b"ready\n"
            yield process
        finally:
            process.kill()


def outcome(process: subprocess.Popen[bytes]) -> tuple[int, bytes, bytes]:
    """How an importer ended."""
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def check_whole(dsn: str, *files: Path, events: range) -> None:
    """Import again; every event is there once, and what follows from them is exact."""
    with connect(dsn) as db:
        db.capture.import_files(files)
        again = db.capture.import_files(files).account.total
        assert again.stored == 0
    assert stored(dsn) == list(events)
    brute.check_derived(dsn)
    brute.check_ledger(dsn)
    trades = [number for number in events if number % 6]
    assert brute.coverage_by_id(dsn)["binance", "BTCUSDT", "trade"] == brute.id_runs(trades)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return collector_file(tmp_path_factory.mktemp("faults") / "events.gz", range(_EVENTS))


def test_an_importer_killed_at_any_moment(database: Place, file: Path) -> None:
    chance = random.Random()
    reached = []
    for _ in range(4):
        with importer(database.dsn, file) as process:
            time.sleep(chance.uniform(0, 0.9))
        settle(database.dsn)
        reached.append(len(stored(database.dsn)))
        brute.check_derived(database.dsn)
        assert process.returncode in (0, -signal.SIGKILL)
    assert reached == sorted(reached)
    check_whole(database.dsn, file, events=range(_EVENTS))


def test_a_server_killed_during_an_import(own_server: EmbeddedServer, file: Path) -> None:
    chance = random.Random()
    for _ in range(2):
        with importer(own_server.dsn, file) as process:
            time.sleep(chance.uniform(0, 1))
            postmaster = own_server.status().pid
            assert postmaster is not None
            os.kill(postmaster, signal.SIGKILL)
            assert own_server.ensure_running()
            code, _, err = outcome(process)
            # It may ride over the restart, or end with one clear error.
            assert code == 0 or b"cryptoscalp.infra.db.errors.ConnectionLost" in err, err.decode()
        brute.check_derived(own_server.dsn)
    check_whole(own_server.dsn, file, events=range(_EVENTS))


def test_two_importers_on_overlapping_files(database: Place, tmp_path: Path) -> None:
    first = collector_file(tmp_path / "first.gz", range(40_000))
    second = collector_file(tmp_path / "second.gz", range(20_000, 60_000))
    with (
        importer(database.dsn, first, second) as one,
        importer(database.dsn, second, first) as other,
    ):
        ends = [outcome(one), outcome(other)]
    assert [code for code, *_ in ends] == [0, 0], ends
    assert sum(int(out) for _, out, _ in ends) == 60_000
    check_whole(database.dsn, first, second, events=range(60_000))


def test_sessions_ended_again_and_again(database: Place, file: Path) -> None:
    """The importer goes on by itself when its connections are cut."""
    with psycopg.connect(database.admin_dsn, autocommit=True) as admin:
        with importer(database.dsn, file) as process:
            for _ in range(4):
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(0.25)
                admin.execute(_KILL)
            code, out, err = outcome(process)
        assert code == 0, err.decode()
        assert int(out) <= _EVENTS
    check_whole(database.dsn, file, events=range(_EVENTS))
