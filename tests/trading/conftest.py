"""The database through both faces, and one with instruments and a portfolio to trade in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import psycopg
import pytest

from cryptoscalp import AsyncDatabase
from cryptoscalp.infra.server import EmbeddedServer
from tests.faces import db, mode, open_face, own_server
from tests.postgres import Place, new_database
from tests.trading.books import prepare

__all__ = ["db", "mode", "own_server"]


@pytest.fixture(scope="module")
def shelf(server: EmbeddedServer, template: Place) -> Iterator[Place]:
    """One database for the tests of a module; each has a portfolio of its own in it."""
    with new_database(server, template.name) as made:
        yield made


@pytest.fixture
async def books(shelf: Place, mode: str) -> AsyncIterator[AsyncDatabase]:
    """The four kinds of instruments, and the portfolio `main` in USDT, empty."""
    async with await open_face(mode, shelf.dsn) as opened:
        await prepare(opened)
        await opened.trading.create_portfolio("main", "USDT")
        yield opened
    # The books stay, under other names: every test checks all of them.
    with psycopg.connect(shelf.dsn) as connection:
        connection.execute(
            "UPDATE portfolios SET name = portfolio_id || name WHERE name !~ '^[0-9]'"
        )
