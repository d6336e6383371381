"""A downgrade that would destroy regulated rows refuses unless told."""

from __future__ import annotations

from typing import LiteralString

import psycopg
import pytest

from cryptoscalp.infra import migrations
from cryptoscalp.infra.db.errors import DatabaseError, IntegrityRefused
from tests.postgres import Place

TICK: LiteralString = """
    SELECT ensure_partitions('2024-08-08', '2024-08-08');
    INSERT INTO market_data (timestamp, symbol, exchange, price, volume, feed, sequence)
    VALUES ('2024-08-08 12:00:00+00', 'BTCUSDT', 'binance', 55000, 0.5, 'trade', 1)
"""
REFUSED: LiteralString = """
    INSERT INTO quarantine (record_hash, reason, detail, source, raw)
    VALUES ('\\x01', 'unreadable', 'no JSON', 'a file', 'x')
"""


def fill(place: Place, statement: LiteralString) -> None:
    with psycopg.connect(place.admin_dsn) as connection:
        connection.execute(statement)


@pytest.mark.parametrize(("rows", "table"), [(TICK, "market_data"), (REFUSED, "quarantine")])
def test_rows_stop_it_and_are_named(migrated: Place, rows: LiteralString, table: str) -> None:
    fill(migrated, rows)
    with pytest.raises(IntegrityRefused, match=f"7 years: {table} holds rows; nothing was"):
        migrations.downgrade(migrated.admin_dsn, "base")
    assert migrations.current(migrated.dsn) == migrations.head()
    assert migrations.check(migrated.admin_dsn) == []


def test_told_so_it_destroys_them(migrated: Place) -> None:
    fill(migrated, TICK)
    migrations.downgrade(migrated.admin_dsn, "base", destroy_data=True)
    assert migrations.current(migrated.dsn) is None
    with psycopg.connect(migrated.admin_dsn) as connection:
        left = connection.execute("SELECT to_regclass('market_data_20240808')").fetchone()
    assert left == (None,)


def test_something_built_on_our_tables_stops_it(migrated: Place) -> None:
    fill(migrated, "CREATE VIEW theirs AS SELECT * FROM candles")
    with pytest.raises(DatabaseError, match="theirs"):
        migrations.downgrade(migrated.admin_dsn, "base")
    assert migrations.check(migrated.admin_dsn) == []


def test_an_empty_database_has_nothing_to_take_back(empty_database: Place) -> None:
    migrations.downgrade(empty_database.admin_dsn, "base")
    assert migrations.current(empty_database.dsn) is None
