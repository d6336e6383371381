"""The database through both faces, and a logger whose records go there."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import psycopg
import pytest

from cryptoscalp.logs import LogHandler
from tests.faces import db, mode, own_server
from tests.postgres import Place

__all__ = ["db", "mode", "own_server"]

Opened: TypeAlias = Callable[..., tuple[logging.Logger, LogHandler]]


def stored(dsn: str, query: str = "") -> list[tuple[Any, ...]]:
    """Level, component, message and metadata of what is stored, in order."""
    with psycopg.connect(dsn, options="-c timezone=UTC") as connection:
        text = query or (
            "SELECT level::text, component, message, metadata FROM system_logs ORDER BY log_id"
        )
        return connection.execute(text.encode()).fetchall()


@pytest.fixture
def opened(database: Place, request: pytest.FixtureRequest) -> Iterator[Opened]:
    """Makes loggers of their own with a handler; what is open at the end is closed."""
    made: list[tuple[logging.Logger, LogHandler]] = []

    def make(dsn: str | None = None, **options: Any) -> tuple[logging.Logger, LogHandler]:
        options.setdefault("interval_s", 0.02)
        handler = LogHandler(dsn or database.dsn, **options)
        logger = logging.getLogger(f"tests.{request.node.name}.{len(made)}")
        logger.setLevel(logging.DEBUG)
        logger.propagate = False
        logger.addHandler(handler)
        made.append((logger, handler))
        return logger, handler

    yield make
    for logger, handler in made:
        logger.removeHandler(handler)
        handler.close()
