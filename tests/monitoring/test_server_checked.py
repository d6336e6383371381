"""Settings, rights and the machine, on a server of the module's own that the tests break."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import psycopg
import pytest

from cryptoscalp import AsyncDatabase, connect_async
from cryptoscalp.infra.server import EmbeddedServer
from cryptoscalp.monitoring.checks import machine, server
from tests.faces import NOON, open_face
from tests.monitoring.asking import one


@pytest.fixture
async def db(own_server: EmbeddedServer, mode: str) -> AsyncIterator[AsyncDatabase]:
    """The server's own database."""
    async with await open_face(mode, own_server.dsn) as opened:
        yield opened


@contextmanager
def as_admin(
    own_server: EmbeddedServer, *, do: list[str], undo: list[str]
) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """Statements of the administrator, and what takes them back."""
    with psycopg.connect(own_server.admin_dsn, autocommit=True) as admin:
        for statement in do:
            admin.execute(statement.encode())
        try:
            yield admin
        finally:
            for statement in undo:
                admin.execute(statement.encode())


_SETTINGS = {
    "durability": {
        "fsync": ("off", "FAIL"),
        "full_page_writes": ("off", "FAIL"),
        "synchronous_commit": ("off", "FAIL"),
        "zero_damaged_pages": ("on", "FAIL"),
        "default_transaction_read_only": ("on", "FAIL"),
    },
    "upkeep": {
        "autovacuum": ("off", "FAIL"),
        "track_counts": ("off", "FAIL"),
        "track_activities": ("off", "WARN"),
    },
    "capacity": {"max_wal_size": ("64MB", "WARN"), "checkpoint_timeout": ("30s", "WARN")},
    "session": {"standard_conforming_strings": ("off", "FAIL")},
}


async def test_settings(own_server: EmbeddedServer, mode: str) -> None:
    """Each one alone would do; all of them are named."""
    changed = {name: value for group in _SETTINGS.values() for name, (value, _) in group.items()}
    reload = "SELECT pg_reload_conf(), pg_sleep(0.2)"
    with as_admin(
        own_server,
        do=[*(f"ALTER SYSTEM SET {name} = '{value}'" for name, value in changed.items()), reload],
        undo=[*(f"ALTER SYSTEM RESET {name}" for name in changed), reload],
    ):
        async with await open_face(mode, own_server.dsn) as db:
            found = {name: await one(db, name) for name in _SETTINGS}
    for check, group in _SETTINGS.items():
        for name, (_, status) in group.items():
            (told,) = [each for each in found[check].problems if f"{name} is" in each.found]
            assert told.status == status
            assert f"set {name} = " in told.hint


async def test_a_setting_of_the_role_counts(own_server: EmbeddedServer, mode: str) -> None:
    with as_admin(
        own_server,
        do=["ALTER ROLE cryptoscalp SET synchronous_commit = off"],
        undo=["ALTER ROLE cryptoscalp RESET synchronous_commit"],
    ):
        async with await open_face(mode, own_server.dsn) as db:
            assert (await one(db, "durability")).status == "FAIL"


async def test_a_pooler_that_drops_the_time_zone(own_server: EmbeddedServer, mode: str) -> None:
    async with await open_face(mode, own_server.dsn, max_connections=1) as db:
        assert (await one(db, "session")).status == "OK"
        pool: Any = getattr(db._driver, "blocking", db._driver).pool
        if mode == "sync":
            with pool.connection() as connection:
                connection.execute("SET timezone = 'Europe/Berlin'")
        else:
            async with pool.connection() as connection:
                await connection.execute("SET timezone = 'Europe/Berlin'")
        found = await one(db, "session")
    assert found.status == "FAIL"
    assert "Europe/Berlin" in found.found


async def test_too_strong_and_too_weak_a_login(
    own_server: EmbeddedServer, db: AsyncDatabase
) -> None:
    assert (await one(db, "roles")).status == "OK"
    with as_admin(
        own_server,
        do=[
            "GRANT cryptoscalp_owner TO cryptoscalp",
            "REVOKE cryptoscalp_capture FROM cryptoscalp",
            "ALTER ROLE cryptoscalp CREATEROLE",
        ],
        undo=[
            "REVOKE cryptoscalp_owner FROM cryptoscalp",
            "GRANT cryptoscalp_capture TO cryptoscalp WITH INHERIT FALSE, SET TRUE",
            "ALTER ROLE cryptoscalp NOCREATEROLE",
        ],
    ):
        found = await one(db, "roles")
    assert [problem.status for problem in found.problems] == ["FAIL", "FAIL", "WARN"]
    owner, capture, maker = (problem.found for problem in found.problems)
    assert "is a member of cryptoscalp_owner" in owner
    assert "is no member of cryptoscalp_capture" in capture
    assert "may make roles" in maker
    assert found.hint == "REVOKE cryptoscalp_owner FROM cryptoscalp"


async def test_too_few_locks_connections_and_buffers(own_server: EmbeddedServer, mode: str) -> None:
    """These need a restart: memory for 12 connections and their locks is laid out at the start."""
    custom = own_server.data_dir / "custom.conf"
    before = custom.read_text()
    own_server.stop()
    custom.write_text(
        "max_connections = 12\nmax_locks_per_transaction = 10\nshared_buffers = '16MB'\n"
        "max_wal_senders = 0\nwal_level = minimal\nautovacuum_max_workers = 1\n"
    )
    try:
        own_server.ensure_running()
        async with await open_face(mode, own_server.dsn) as db:
            await db.market.ensure_partitions(NOON, NOON)
            for month in range(1, 13):
                day = NOON.replace(month=month, day=1)
                await db.market.ensure_partitions(day, day.replace(day=4), ["mark_prices"])
            held = [psycopg.connect(own_server.admin_dsn) for _ in range(9)]
            try:
                found = await one(db, "capacity")
            finally:
                for each in held:
                    each.close()
            durability = await one(db, "durability")
    finally:
        own_server.stop()
        custom.write_text(before)
        own_server.ensure_running()
    told = " / ".join(problem.found for problem in found.problems)
    assert found.status == "FAIL"
    assert "room for 120 locks; a read of all 48 partitions takes 144" in told
    assert "of 12 connections are taken" in told
    assert "shared_buffers is 16 MB of" in told
    assert durability.status == "WARN"
    assert "wal_level is minimal" in durability.found


async def test_transaction_ids_that_are_not_given_back(
    own_server: EmbeddedServer, db: AsyncDatabase
) -> None:
    """A transaction left open keeps autovacuum from freezing, whatever its limit."""
    custom = own_server.data_dir / "custom.conf"
    before = custom.read_text()
    own_server.stop()
    custom.write_text("autovacuum_freeze_max_age = 100000\nautovacuum_naptime = '1h'\n")
    try:
        own_server.ensure_running()
        with (
            psycopg.connect(own_server.admin_dsn) as old,
            psycopg.connect(own_server.admin_dsn, autocommit=True) as admin,
        ):
            old.execute("SELECT pg_current_xact_id()")
            admin.execute("SET synchronous_commit = off")
            admin.execute(
                "DO $$ BEGIN FOR n IN 1 .. 200100 LOOP PERFORM pg_current_xact_id(); COMMIT;"
                " END LOOP; END $$"
            )
            found = await one(db, "transaction-ids")
    finally:
        own_server.stop()
        custom.write_text(before)
        own_server.ensure_running()
    assert found.status == "WARN"
    assert "autovacuum should begin at 100,000" in found.found


@pytest.mark.parametrize(
    ("major", "day", "status"),
    [
        (14, date(2026, 11, 22), "FAIL"),
        (15, date(2026, 11, 22), "OK"),
        (15, date(2027, 11, 12), "WARN"),
        (18, date(2026, 11, 22), "OK"),
        (19, date(2026, 11, 22), "WARN"),
    ],
)
def test_versions(major: int, day: date, status: str) -> None:
    assert server.judge_version(major, f"{major}.2", day).status == status


async def test_the_embedded_server_knows_its_disk_and_programs(
    own_server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with connect_async(data_dir=own_server.data_dir) as db:
        assert (await db.monitoring.doctor(["disk"]))[0].status == "OK"
        assert (await db.monitoring.doctor(["binaries"]))[0].status == "OK"
        monkeypatch.setattr(machine, "FREE_WARN", 10**18)
        assert (await db.monitoring.doctor(["disk"]))[0].status == "WARN"
        monkeypatch.setattr(machine, "FREE_FAIL", 10**18)
        full = (await db.monitoring.doctor(["disk"]))[0]
        assert full.status == "FAIL"
        assert "GB are free" in full.found
        store = own_server.data_dir / "binaries"
        made = [store / "1.0.0", store / "2.0.0"]
        for place in made:
            place.mkdir(parents=True)
        try:
            copies = (await db.monitoring.doctor(["binaries"]))[0]
        finally:
            for place in made:
                place.rmdir()
        assert copies.status == "WARN"
        assert "copies of programs" in copies.found


async def test_another_server_shows_neither(db: AsyncDatabase) -> None:
    found = await db.monitoring.doctor(["disk", "binaries"])
    assert [each.status for each in found] == ["SKIP", "SKIP"]
