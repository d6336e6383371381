"""The replay memory on PostgreSQL 15: every function runs."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from cryptoscalp.infra import migrations
from tests.faces import open_face
from tests.postgres import LOGIN, Place, debian_15, new_database, running_server
from tests.replay.whole_way import whole_way


@pytest.fixture(scope="module")
def debian() -> Iterator[Place]:
    """A migrated database on a running PostgreSQL 15."""
    with running_server(debian_15()) as server, new_database(server) as made:
        migrations.upgrade(made.admin_dsn, login=LOGIN)
        yield made


async def test_every_function_runs(mode: str, debian: Place) -> None:
    with psycopg.connect(debian.dsn) as session:
        assert session.info.server_version // 10_000 == 15
    async with await open_face(mode, debian.dsn) as db:
        await whole_way(db, mode)
    assert migrations.check(debian.admin_dsn) == []
