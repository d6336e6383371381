"""Stress tests on PostgreSQL 15: stored, found again, in the report."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest

from cryptoscalp.infra import migrations
from tests.faces import mode, open_face
from tests.postgres import LOGIN, Place, debian_15, new_database, running_server
from tests.trading.books import RATES, START, fill, prepare

__all__ = ["mode"]


@pytest.fixture(scope="module")
def debian() -> Iterator[Place]:
    """A migrated database on a running PostgreSQL 15."""
    with running_server(debian_15()) as server, new_database(server) as made:
        migrations.upgrade(made.admin_dsn, login=LOGIN)
        yield made


async def test_stored_and_found_again(mode: str, debian: Place) -> None:
    async with await open_face(mode, debian.dsn) as db:
        await prepare(db)
        await db.trading.create_portfolio(mode, "USDT")
        await db.trading.deposit(mode, "USDT", Decimal(9_000), reference="a", timestamp=START)
        await db.trading.record_fill(mode, fill(1, "BUY", "0.1", "50000"))
        ran = await db.risk.run_stress(mode, rates=RATES)
        assert len(ran.results) == 6
        assert await db.risk.stress_results(mode) == list(ran.results)
        assert await db.risk.stress_results(mode, newest=True) == list(ran.results)
        page = await db.reports.portfolio(mode, START, START + timedelta(days=1), rates=RATES)
        assert "price-cascade" in page
