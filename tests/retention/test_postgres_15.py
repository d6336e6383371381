"""A day moves on PostgreSQL 15, by a concurrent detach and without one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import cryptoscalp
from cryptoscalp.infra import migrations
from cryptoscalp.infra.cold.lake import Lake
from tests.postgres import LOGIN, Place, debian_15, new_database, running_server
from tests.retention.days import DAY, age, authoritative, partitions, same, stored, trades


@pytest.fixture(scope="module")
def debian() -> Iterator[Place]:
    """A migrated database on a running PostgreSQL 15."""
    with running_server(debian_15()) as server, new_database(server) as made:
        migrations.upgrade(made.admin_dsn, login=LOGIN)
        yield made


def test_days_move_both_ways(
    debian: Place, warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = Lake(debian.dsn, str(warehouse))
    with cryptoscalp.connect(debian.dsn) as db:
        db.capture.write_trades(trades(30))
        age(debian)
        before = stored(debian)
        assert not db.retention.run().failed
        assert same(authoritative(debian, lake), before)
    monkeypatch.setenv("CRYPTOSCALP_ADMIN_URL", debian.admin_dsn)
    with cryptoscalp.connect(debian.dsn) as db:
        assert db.retention.thaw("market_data", "binance", "BTCUSDT", DAY, DAY) == 10
        age(debian)
        assert not db.retention.run().failed
        assert same(authoritative(debian, lake), before)
    assert not partitions(debian, "market_data")
    lake.close()
