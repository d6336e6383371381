"""The doctor on Debian's PostgreSQL 15: the same catalogue questions, an older catalogue."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import psycopg
import pytest

from cryptoscalp.infra import migrations
from tests.faces import NOON, open_face
from tests.monitoring.asking import NOW, one, store
from tests.postgres import LOGIN, Place, debian_15, new_database, running_server


@pytest.fixture(scope="module")
def old() -> Iterator[Place]:
    """A migrated database on a running PostgreSQL 15."""
    with running_server(debian_15()) as server, new_database(server) as made:
        migrations.upgrade(made.admin_dsn, login=LOGIN)
        yield made


async def test_well_and_broken(old: Place) -> None:
    for mode in ("sync", "async"):
        async with await open_face(mode, old.dsn) as db:
            new = await db.monitoring.doctor()
            await store(db, NOON)
            await store(db)
            await db.market.ensure_partitions(NOW, NOW + timedelta(days=8))
            used = await db.monitoring.doctor()
            version = await one(db, "version")
        assert [each for each in new + used if each.status in ("FAIL", "WARN")] == []
        assert version.found.startswith("PostgreSQL 15.")
    with psycopg.connect(old.admin_dsn, autocommit=True) as admin:
        for damage in (
            "ALTER TABLE order_book_l1 DROP CONSTRAINT order_book_l1_pkey CASCADE",
            "ALTER TABLE market_data DETACH PARTITION market_data_20240808",
            "CREATE TABLE mark_prices_rest PARTITION OF mark_prices DEFAULT",
            "ALTER TABLE newest_quotes DISABLE TRIGGER ALL",
            "CREATE INDEX parent_only ON ONLY market_data (price)",
        ):
            admin.execute(damage.encode())
    async with await open_face("sync", old.dsn) as db:
        broken = await db.monitoring.doctor()
    assert {each.name: each.status for each in broken if each.status in ("FAIL", "WARN")} == {
        "schema": "FAIL",
        "guards": "FAIL",
        "partitions": "FAIL",
        "plan-quotes": "FAIL",
        "indexes-valid": "FAIL",
    }
