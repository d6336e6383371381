"""A genuine TimescaleDB for each module: the server of TSDB_DSN, else the one in WebAssembly."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from cryptoscalp.infra import migrations
from tests.faces import mode
from tests.postgres import LOGIN, Place
from tests.timescale import bridge_server
from tests.timescale.compare import COMPARED

__all__ = ["mode"]

#: Administrator's connection string of a native server with TimescaleDB. Its database has to be
#: empty: it is filled, and emptied again. Nothing is ever run on a plain PostgreSQL instead.
NATIVE = os.environ.get("TSDB_DSN")


@pytest.fixture(scope="session")
def bridge() -> Path:
    """The bridge, installed."""
    return bridge_server.installed()


@pytest.fixture(scope="session")
def empty_data(bridge: Path) -> Iterator[Path]:
    """A data directory with the product's login and nothing else, closed."""
    with bridge_server.new_data() as data:
        with bridge_server.running(bridge, data) as place:
            bridge_server.make_login(place)
        yield data


@pytest.fixture(scope="session")
def migrated_data(bridge: Path, empty_data: Path) -> Iterator[Path]:
    """A migrated data directory, closed."""
    with bridge_server.copied_data(empty_data) as data:
        with bridge_server.running(bridge, data) as place:
            migrations.upgrade(place.admin_dsn, login=LOGIN, layout="timescale")
        yield data


@pytest.fixture(scope="module")
def timescale(request: pytest.FixtureRequest) -> Iterator[Place]:
    """A migrated database of the module's own, on TimescaleDB, its version and licence asserted."""
    if NATIVE is not None:
        with _native(NATIVE) as place:
            migrations.upgrade(place.admin_dsn, login=LOGIN, layout="timescale")
            yield place
        return
    bridge = request.getfixturevalue("bridge")
    with (
        bridge_server.copied_data(request.getfixturevalue("migrated_data")) as data,
        bridge_server.running(bridge, data) as place,
    ):
        assert_genuine(place)
        yield place


@pytest.fixture
def empty_timescale(request: pytest.FixtureRequest) -> Iterator[Place]:
    """A database with TimescaleDB at hand and nothing in it, of the test's own."""
    if NATIVE is not None:
        with _native(NATIVE) as place:
            yield place
        return
    bridge = request.getfixturevalue("bridge")
    with (
        bridge_server.copied_data(request.getfixturevalue("empty_data")) as data,
        bridge_server.running(bridge, data) as place,
    ):
        yield place


def assert_genuine(place: Place) -> None:
    """What runs here is TimescaleDB 2, in the edition with columnstore."""
    with psycopg.connect(place.admin_dsn, autocommit=True) as connection:
        row = connection.execute(
            "SELECT extversion, current_setting('timescaledb.license')"
            " FROM pg_extension WHERE extname = 'timescaledb'"
        ).fetchone()
    assert row is not None, "there is no TimescaleDB in this database"
    assert row[0].startswith("2."), row
    assert row[1] == "timescale", row


class _native:  # noqa: N801 - used like the functions beside it
    """The database of TSDB_DSN, refused unless empty, emptied afterwards."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn

    def __enter__(self) -> Place:
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            name, user = connection.info.dbname, connection.info.user
            row = connection.execute(
                "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"
            ).fetchone()
            assert row is not None
            assert row[0] == 0, f"database {name} of TSDB_DSN is not empty; name an empty one"
            if not connection.execute(
                "SELECT FROM pg_roles WHERE rolname = %s", [LOGIN]
            ).fetchall():
                connection.execute(f"CREATE ROLE \"{LOGIN}\" LOGIN PASSWORD '{LOGIN}'".encode())
        assert user != LOGIN
        product = make_conninfo(self.dsn, user=LOGIN, password=LOGIN)
        return Place(name, product, self.dsn)

    def __exit__(self, *_: object) -> None:
        migrations.downgrade(self.dsn, "base", destroy_data=True)
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            connection.execute("DROP TABLE IF EXISTS public.alembic_version")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how much was compared between the two layouts."""
    if COMPARED:
        calls, rows = sum(COMPARED.values()), len(COMPARED)
        terminalreporter.write_line(
            f"native and timescale: {calls} calls of {rows} operations answered alike"
        )
