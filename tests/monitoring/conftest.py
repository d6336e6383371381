"""The doctor through both faces, and ways to break a database for real."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, TypeAlias

import psycopg
import pytest

from tests.faces import db, mode, own_server
from tests.postgres import Place

__all__ = ["breaking", "db", "mode", "own_server"]

#: Says since when jobs are expected to run.
SINCE: Final = (
    "DO $$ BEGIN EXECUTE format('COMMENT ON SCHEMA procrastinate IS %L', regexp_replace("
    " obj_description('procrastinate'::regnamespace, 'pg_namespace'),"
    " 'since \\S+$', 'since {since}')); END $$"
)
Breaking: TypeAlias = Callable[..., None]


@pytest.fixture(autouse=True)
def new(database: Place) -> None:
    """The queue of the test's database is as new as the database, not as old as its template."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    with psycopg.connect(database.admin_dsn, autocommit=True) as connection:
        connection.execute(SINCE.format(since=now).encode())


@pytest.fixture
def breaking(database: Place) -> Breaking:
    """Runs statements as the administrator, each on its own."""

    def run(*statements: str) -> None:
        with psycopg.connect(database.admin_dsn, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    return run
