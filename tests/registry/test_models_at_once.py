"""Many clients at once: numbers without a race, one deployed version a slot, nothing half done."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import psycopg
import pytest

import cryptoscalp
from cryptoscalp.infra.db.errors import IntegrityRefused
from tests.postgres import Place

_PROCESS = str(Path(__file__).with_name("registering.py"))


def _start(dsn: str, name: str, count: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, _PROCESS, dsn, name, str(count)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.long
def test_32_processes_get_32_versions(database: Place) -> None:
    processes = [_start(database.dsn, "m", 1) for _ in range(32)]
    try:
        for one in processes:
            assert one.stdout is not None
            assert one.stdout.readline() == "ready\n"
        for one in processes:
            assert one.stdin is not None
            one.stdin.write("\n")
            one.stdin.flush()
        numbers = [int(one.communicate(timeout=240)[0]) for one in processes]
    finally:
        for one in processes:
            one.kill()
            one.wait()
    assert sorted(numbers) == list(range(1, 33))
    with cryptoscalp.connect(database.dsn) as db:
        assert [one.version_number for one in db.registry.search("m")] == list(range(32, 0, -1))


def test_two_promotions_at_once_leave_one_deployed(database: Place) -> None:
    with cryptoscalp.connect(database.dsn) as db, ThreadPoolExecutor(2) as threads:
        for turn in range(20):
            pair = [
                db.registry.register_version("m", metrics={"mae": 1.0}).version.model_id
                for _ in range(2)
            ]
            for one in pair:
                db.registry.promote(one)
            both = Barrier(2)

            def deploy(number: int, both: Barrier = both) -> int:
                both.wait()
                return db.registry.promote(number, slot="live").model_id

            assert list(threads.map(deploy, pair)) == pair
            states = [db.registry.version(one).status for one in pair]
            assert sorted(states) == ["DEPLOYED", "RETIRED"], turn
            (live,) = db.registry.search("m", status="DEPLOYED")
            assert live.model_id in pair
            for one in pair:
                moves = [event.to_status for event in db.registry.events(one)]
                assert moves[:3] == ["TRAINING", "VALIDATING", "DEPLOYED"]


def test_a_client_that_is_killed_leaves_whole_versions(database: Place) -> None:
    for _ in range(3):
        with _start(database.dsn, "m", 10_000) as victim:
            assert victim.stdin is not None
            assert victim.stdout is not None
            assert victim.stdout.readline() == "ready\n"
            victim.stdin.write("\n")
            victim.stdin.flush()
            told = int([victim.stdout.readline() for _ in range(5)][-1])
            victim.kill()
        with cryptoscalp.connect(database.dsn) as db:
            made = db.registry.register_version("m").version
            # What was told is there; at most the one under way came after it and some unread lines.
            assert made.version_number > told
            assert db.registry.version(f"m:{told}").status == "TRAINING"
            numbers = [one.version_number for one in db.registry.search("m", limit=100_000)]
            assert numbers == list(range(len(numbers), 0, -1))
            for number in numbers[:3]:
                assert [event.to_status for event in db.registry.events(f"m:{number}")] == [
                    "TRAINING"
                ]


def test_a_promotion_that_loses_its_session_changes_nothing(database: Place) -> None:
    with cryptoscalp.connect(database.dsn) as db:
        first, second = (
            db.registry.register_version("m", metrics={"mae": 1.0}).version for _ in range(2)
        )
        for one in (first, second):
            db.registry.promote(one.model_id)
        db.registry.promote(first.model_id, slot="live")
        with psycopg.connect(database.dsn) as session:
            session.execute("SELECT promote_model(%s, 'live', NULL)", (f"#{second.model_id}",))
            with psycopg.connect(database.admin_dsn, autocommit=True) as admin:
                admin.execute("SELECT pg_terminate_backend(%s)", (session.info.backend_pid,))
            session.close()
        assert db.registry.deployed("m", "live").model_id == first.model_id
        assert db.registry.version(second.model_id).status == "VALIDATING"
        try:
            db.registry.rollback("m", "live")
        except IntegrityRefused as refused:
            assert "live" in str(refused)  # noqa: PT017 - nothing was deployed before the first
        else:
            raise AssertionError("there was nothing to return to")
