"""Real servers and databases for the tests; thrown away afterwards."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from cryptoscalp.infra.server import BinarySource, EmbeddedServer

LOGIN = "cryptoscalp"
DEBIAN_15 = Path("/usr/lib/postgresql/15/bin")


def _memory() -> Path | None:
    """A file system in memory with room for test servers, where a database is made in a tenth of
    the time. Tests kill processes, never the machine: what was written is there, disk or not.
    """
    place = Path("/dev/shm")
    if not place.is_dir() or shutil.disk_usage(place).free < _ROOM_BYTES:
        return None
    return place


_ROOM_BYTES = 8 * 1024**3
MEMORY = _memory()


@dataclass(frozen=True, slots=True)
class Place:
    """One database: connection strings of the product's login and of the administrator."""

    name: str
    dsn: str
    admin_dsn: str


@contextmanager
def running_server(binaries: BinarySource | None = None) -> Iterator[EmbeddedServer]:
    """A server of its own in a directory that its operating-system user can reach."""
    folder = Path(tempfile.mkdtemp(prefix="cs-test-", dir=MEMORY))
    folder.chmod(0o755)
    server = EmbeddedServer(folder, binaries=binaries)
    try:
        server.ensure_running()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)


def debian_15() -> BinarySource:
    """Debian's PostgreSQL 15; where it is missing the test is skipped, in CI it fails."""
    if not DEBIAN_15.is_dir():
        reason = f"{DEBIAN_15} is not installed (make packages)"
        if os.environ.get("CRYPTOSCALP_REQUIRE_ALL") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return BinarySource.system(DEBIAN_15)


@contextmanager
def new_database(server: EmbeddedServer, template: str | None = None) -> Iterator[Place]:
    """A new database, empty or a copy of `template`, dropped at the end."""
    name = f"t_{secrets.token_hex(6)}"
    # Page by page over the log, where files are slow to come by and a checkpoint to wait for.
    strategy = "FILE_COPY" if MEMORY else "WAL_LOG"
    statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY {}").format(
        sql.Identifier(name), sql.Identifier(template or "template1"), sql.SQL(strategy)
    )
    with psycopg.connect(server.admin_dsn, autocommit=True) as connection:
        connection.execute(statement)
        try:
            yield Place(
                name,
                make_conninfo(server.dsn, dbname=name),
                make_conninfo(server.admin_dsn, dbname=name),
            )
        finally:
            connection.execute(
                sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name))
            )


def settle(dsn: str) -> None:
    """Wait until no session of this login is at work here: a killed client's may still commit."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        while connection.execute(
            "SELECT FROM pg_stat_activity WHERE datname = current_database()"
            " AND state <> 'idle' AND pid <> pg_backend_pid()"
        ).rowcount:
            time.sleep(0.01)
