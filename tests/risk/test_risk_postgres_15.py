"""Risk on PostgreSQL 15: every function runs, and what is recorded comes back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cryptoscalp.infra import migrations
from tests.faces import open_face
from tests.postgres import LOGIN, Place, debian_15, new_database, running_server
from tests.risk.held import AT, HOUR, METHOD, market, portfolio, positions


@pytest.fixture(scope="module")
def debian() -> Iterator[Place]:
    """A migrated database on a running PostgreSQL 15."""
    with running_server(debian_15()) as server, new_database(server) as made:
        migrations.upgrade(made.admin_dsn, login=LOGIN)
        yield made


async def test_risk_is_recorded_and_tested(debian: Place) -> None:
    async with await open_face("async", debian.dsn) as db:
        await market(db)
        await portfolio(db)
        await positions(db)
        await db.risk.record("main", AT - 2 * HOUR, **METHOD)
        recorded = await db.risk.record("main", AT, **METHOD)
        assert await db.risk.record("main", AT, **METHOD) == recorded
        found = await db.risk.history("main", scope=None, estimator=None, start=AT)
        assert sorted(found, key=repr) == sorted(recorded, key=repr)
        kept = await db.risk.record_backtest("main", AT - 3 * HOUR, AT, **METHOD)
        assert kept.result.observations == 1
        assert len(await db.risk.backtests("main")) == 1
