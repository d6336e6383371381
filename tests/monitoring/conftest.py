"""The doctor through both faces, and ways to break a database for real."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import psycopg
import pytest

from tests.faces import db, mode, own_server
from tests.postgres import Place

__all__ = ["breaking", "db", "mode", "own_server"]

Breaking: TypeAlias = Callable[..., None]


@pytest.fixture
def breaking(database: Place) -> Breaking:
    """Runs statements as the administrator, each on its own."""

    def run(*statements: str) -> None:
        with psycopg.connect(database.admin_dsn, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    return run
