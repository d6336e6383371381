"""What the product's login may not do, and what every table has, on each server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, LiteralString

import psycopg
import pytest

from tests.postgres import Place

NEEDED = {
    ("constraint", "chk_positive_prices"),
    ("index", "market_data_symbol_timestamp_idx"),
    ("index", "order_book_l1_symbol_timestamp_idx"),
    ("table", "exchanges"),
    ("table", "instruments"),
    ("table", "market_data"),
    ("table", "order_book_l1"),
    ("table", "candles"),
    ("table", "coverage"),
    ("table", "quarantine"),
    ("table", "batches"),
    ("table", "mark_prices"),
    ("table", "funding_rates"),
    ("type", "trade_side"),
    ("type", "symbol"),
    ("type", "exchange_id"),
}

INSERT_TICK: LiteralString = """
    INSERT INTO market_data (timestamp, symbol, exchange, price, volume, side, feed, sequence)
    VALUES ('2024-08-08 12:00:00+00', 'BTCUSDT', 'binance', 55000, 0.5, 'BUY', 'trade', 1)
"""


@pytest.fixture
def product(migrated: Place) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """The product's session, in autocommit, in a database that holds one tick."""
    with psycopg.connect(migrated.dsn, autocommit=True) as connection:
        connection.execute("SELECT ensure_partitions('2024-08-08', '2024-08-08')")
        connection.execute(
            "SELECT ensure_partitions('2024-08-08', '2024-08-08', '{mark_prices, funding_rates}')"
        )
        connection.execute(INSERT_TICK)
        yield connection


def test_the_login_is_no_superuser(product: psycopg.Connection[tuple[Any, ...]]) -> None:
    assert product.execute(
        "SELECT rolsuper, rolcreaterole, rolcreatedb, rolbypassrls"
        " FROM pg_roles WHERE rolname = current_user"
    ).fetchone() == (False, False, False, False)


@pytest.mark.long
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE market_data SET price = 1",
        "DELETE FROM market_data",
        "TRUNCATE market_data",
        "UPDATE market_data_20240808 SET price = 1",
        "DELETE FROM market_data_20240808",
        "TRUNCATE market_data_20240808",
        INSERT_TICK.replace("market_data", "market_data_20240808"),
        "DROP TABLE market_data_20240808",
        "ALTER TABLE market_data DISABLE TRIGGER ALL",
        "UPDATE candles SET close = 1",
        "DELETE FROM candles",
        "INSERT INTO candles SELECT * FROM candles",
        "UPDATE newest_trades SET price = 1",
        "INSERT INTO newest_trades SELECT * FROM newest_trades",
        "UPDATE coverage SET end_time = now()",
        "CREATE TABLE mine (id int)",
        "INSERT INTO mark_prices VALUES (now(), 'BTCUSDT', 'binance', 1, 1, NULL, 1)",
        "INSERT INTO funding_rates VALUES (now(), 'BTCUSDT', 'binance', 1, NULL, NULL, NULL, 1)",
        "UPDATE mark_prices SET mark_price = 1",
        "DELETE FROM funding_rates",
        "TRUNCATE mark_prices, funding_rates",
        "DELETE FROM mark_prices_20240808",
        "UPDATE alembic_version SET version_num = '0'",
        "SELECT recompute_newest_trade('binance', 'BTCUSDT')",
    ],
)
def test_the_login_is_refused(
    product: psycopg.Connection[tuple[Any, ...]], statement: LiteralString
) -> None:
    with pytest.raises(psycopg.Error) as refused:
        product.execute(statement)
    assert refused.value.sqlstate in {"42501", "CS001"}
    assert product.execute("SELECT price, volume FROM market_data").fetchone() == (55000, 0.5)
    assert product.execute("SELECT close FROM candles WHERE interval = '1s'").fetchone() == (55000,)


def test_not_even_the_administrator_changes_ticks(migrated: Place) -> None:
    with psycopg.connect(migrated.admin_dsn, autocommit=True) as connection:
        connection.execute(
            "SELECT ensure_partitions('2024-08-08', '2024-08-08', '{mark_prices, funding_rates}')"
        )
        for statement in (
            b"UPDATE market_data SET price = 1",
            b"TRUNCATE order_book_l1",
            b"DELETE FROM mark_prices",
            b"TRUNCATE mark_prices_20240808",
            b"UPDATE funding_rates_20240808 SET funding_rate = 1",
        ):
            with pytest.raises(psycopg.Error, match="append-only"):
                connection.execute(statement)


def test_mark_prices_come_in_through_the_writer_only(migrated: Place) -> None:
    insert = b"INSERT INTO mark_prices VALUES ('2024-08-08', 'BTC', 'binance', 1, 1, NULL, 1)"
    with psycopg.connect(migrated.admin_dsn, autocommit=True) as connection:
        connection.execute("SELECT ensure_partitions('2024-08-08', '2024-08-08', '{mark_prices}')")
        for statement in (insert, insert.replace(b"mark_prices", b"mark_prices_20240808")):
            with pytest.raises(psycopg.Error, match="only the product's writer"):
                connection.execute(statement)


def test_the_login_keeps_its_maps(product: psycopg.Connection[tuple[Any, ...]]) -> None:
    product.execute("INSERT INTO import_maps (name, mapping) VALUES ('mine', '{}')")
    product.execute('UPDATE import_maps SET mapping = \'{"price": "px"}\'')
    assert product.execute("SELECT name FROM import_maps").fetchall() == [("mine",)]
    product.execute("DELETE FROM import_maps")


def test_every_table_and_column_has_a_comment(migrated: Place) -> None:
    with psycopg.connect(migrated.admin_dsn) as connection:
        bare = connection.execute(
            """
            SELECT c.relname, a.attname FROM pg_class AS c
            LEFT JOIN pg_attribute AS a
              ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
             AND NOT c.relispartition
            WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
              AND (coalesce(obj_description(c.oid, 'pg_class'), '') = ''
                   OR a.attnum IS NOT NULL AND coalesce(col_description(c.oid, a.attnum), '') = '')
            """
        ).fetchall()
    assert bare == []


def test_the_names_of_the_specification_are_there(migrated: Place) -> None:
    with psycopg.connect(migrated.admin_dsn) as connection:
        found = set(
            connection.execute(
                """
                SELECT 'constraint', conname::text FROM pg_constraint
                UNION SELECT CASE WHEN relkind IN ('i', 'I') THEN 'index' ELSE 'table' END,
                             relname::text
                      FROM pg_class WHERE relnamespace = 'public'::regnamespace
                UNION SELECT 'type', typname::text
                      FROM pg_type WHERE typnamespace = 'public'::regnamespace
                """
            ).fetchall()
        )
    assert found >= NEEDED


def test_all_belongs_to_the_owner(migrated: Place) -> None:
    with psycopg.connect(migrated.admin_dsn) as connection:
        connection.execute("SELECT ensure_partitions('2024-08-08', '2024-08-08')")
        strangers = connection.execute(
            """
            SELECT oid::regclass::text FROM pg_class
            WHERE relnamespace = 'public'::regnamespace
              AND relowner <> 'cryptoscalp_owner'::regrole
            UNION ALL
            SELECT oid::regprocedure::text FROM pg_proc
            WHERE pronamespace = 'public'::regnamespace
              AND proowner <> 'cryptoscalp_owner'::regrole
            """
        ).fetchall()
    assert strangers == []


def test_strangers_may_run_none_of_our_functions(migrated: Place) -> None:
    with psycopg.connect(migrated.admin_dsn) as connection:
        open_to_all = connection.execute(
            """
            SELECT p.oid::regprocedure::text
            FROM pg_proc AS p, aclexplode(coalesce(proacl, acldefault('f', proowner))) AS item
            WHERE pronamespace = 'public'::regnamespace AND item.grantee = 0
            """
        ).fetchall()
    assert open_to_all == []
