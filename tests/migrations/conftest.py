"""Databases on each supported PostgreSQL: the embedded one and the oldest."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cryptoscalp.infra import migrations
from cryptoscalp.infra.server import EmbeddedServer
from tests.postgres import LOGIN, Place, debian_15, new_database, running_server


@pytest.fixture(scope="session", params=["embedded", "debian-15"])
def any_server(request: pytest.FixtureRequest) -> Iterator[EmbeddedServer]:
    if request.param == "embedded":
        yield request.getfixturevalue("server")
    else:
        with running_server(debian_15()) as started:
            yield started


@pytest.fixture
def empty(any_server: EmbeddedServer) -> Iterator[Place]:
    """An empty database on each server."""
    with new_database(any_server) as made:
        yield made


@pytest.fixture(scope="session")
def any_template(any_server: EmbeddedServer) -> Iterator[Place]:
    """A migrated database on each server that is only copied."""
    with new_database(any_server) as made:
        migrations.upgrade(made.admin_dsn, login=LOGIN)
        yield made


@pytest.fixture
def migrated(any_server: EmbeddedServer, any_template: Place) -> Iterator[Place]:
    """A database at the newest revision on each server."""
    with new_database(any_server, any_template.name) as made:
        yield made


@pytest.fixture(scope="session")
def bare_server() -> Iterator[EmbeddedServer]:
    """A server whose roles the tests may drop and change."""
    with running_server() as started:
        yield started
