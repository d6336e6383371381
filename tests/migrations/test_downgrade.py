"""A downgrade that would destroy regulated rows refuses unless told."""

from __future__ import annotations

from typing import LiteralString

import psycopg
import pytest

from cryptoscalp.infra import migrations
from cryptoscalp.infra.db.errors import DatabaseError, IntegrityRefused
from tests.postgres import LOGIN, Place

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


@pytest.mark.long
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


STATES: LiteralString = """
    SELECT ensure_partitions('2024-08-08', '2024-08-08', '{candles_long, mark_prices}');
    SET ROLE cryptoscalp_owner;
    INSERT INTO candles (timestamp, symbol, exchange, interval, source, open, high, low, close,
                         volume, batch_id)
    VALUES ('2024-08-08 12:00:00+00', 'BTCUSDT', 'binance', '1h', 'imported', 1, 1, 1, 1, 1, 7);
    UPDATE quarantine SET resolved_at = now(), resolved_batch_id = 7;
    INSERT INTO batches (source, format, plan) VALUES ('a file', 'csv', '{"header": ["a"]}');
"""
MARK: LiteralString = """
    INSERT INTO mark_prices (timestamp, symbol, exchange, mark_price, batch_id)
    VALUES ('2024-08-08 12:00:00+00', 'BTCUSDT', 'binance', 1, 7);
"""
KEPT: LiteralString = """
    SELECT (SELECT count(*) FROM market_data),
           (SELECT count(*) FROM candles WHERE source = 'imported'),
           (SELECT count(*) FROM quarantine), (SELECT count(*) FROM batches)
"""


@pytest.mark.long
def test_going_back_by_one_refuses_where_mark_prices_are(migrated: Place) -> None:
    fill(migrated, TICK)
    fill(migrated, REFUSED)
    fill(migrated, STATES + MARK)
    with pytest.raises(IntegrityRefused, match="mark_prices holds rows; nothing was"):
        migrations.downgrade(migrated.admin_dsn, "0001")
    assert migrations.current(migrated.dsn) == migrations.head()
    assert migrations.check(migrated.admin_dsn) == []


@pytest.mark.long
@pytest.mark.parametrize("destroying", [False, True])
def test_going_back_by_one_keeps_the_rest(migrated: Place, destroying: bool) -> None:
    fill(migrated, TICK)
    fill(migrated, REFUSED)
    fill(migrated, STATES + MARK if destroying else STATES)
    migrations.downgrade(migrated.admin_dsn, "0001", destroy_data=destroying)
    for _ in range(2):
        with psycopg.connect(migrated.admin_dsn) as connection:
            assert connection.execute(KEPT).fetchone() == (1, 1, 1, 1)
        # 0001's functions work on its tables, and this version's on the tables made again.
        fill(migrated, TICK.replace("55000, 0.5, 'trade', 1", "55001, 1, 'trade', 2"))
        with psycopg.connect(migrated.admin_dsn) as connection:
            minute = connection.execute(
                "SELECT close, trade_count FROM candles WHERE interval = '1m'"
            ).fetchall()
            connection.execute("SET ROLE cryptoscalp_owner")
            connection.execute("SET LOCAL cryptoscalp.correcting = 'on'")
            connection.execute("DELETE FROM market_data WHERE sequence = 2")
            connection.execute(
                "SELECT recompute_candles('binance', 'BTCUSDT', '2024-08-08 12:00+00',"
                " '2024-08-08 12:00+00')"
            )
        assert minute == [(55001, 2)]
        migrations.upgrade(migrated.admin_dsn, login=LOGIN)
        assert migrations.check(migrated.admin_dsn) == []


@pytest.mark.long
def test_something_built_on_our_tables_stops_it(migrated: Place) -> None:
    fill(migrated, "CREATE VIEW theirs AS SELECT * FROM candles")
    with pytest.raises(DatabaseError, match="theirs"):
        migrations.downgrade(migrated.admin_dsn, "base")
    assert migrations.check(migrated.admin_dsn) == []


def test_an_empty_database_has_nothing_to_take_back(empty_database: Place) -> None:
    migrations.downgrade(empty_database.admin_dsn, "base")
    assert migrations.current(empty_database.dsn) is None
