"""Nobody but the owner reaches a chunk, where the statement triggers of its table do not fire."""

from __future__ import annotations

import psycopg
import pytest

from cryptoscalp.infra import migrations
from tests.postgres import LOGIN, Place
from tests.timescale.content import fill

_VALUES = (
    " (timestamp, symbol, exchange, price, volume, feed, sequence) VALUES"
    " ('2024-08-08 00:00:01Z', 'BTCUSDT', 'binance', 1, 1, 'trade', 990000)"
)


@pytest.fixture(scope="module")
def chunk(timescale: Place) -> str:
    """A chunk of market_data that holds rows."""
    fill(timescale, rows=300)
    with psycopg.connect(timescale.admin_dsn, autocommit=True) as connection:
        row = connection.execute("SELECT show_chunks('market_data')::text LIMIT 1").fetchone()
    assert row is not None
    return str(row[0])


@pytest.mark.parametrize("role", [None, "cryptoscalp_app", "cryptoscalp_capture"])
@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO {chunk}" + _VALUES,
        "UPDATE {chunk} SET price = 2",
        "DELETE FROM {chunk}",
        "TRUNCATE {chunk}",
        "COPY {chunk} TO STDOUT",
        "SELECT drop_chunks('market_data', older_than => now())",
        "SELECT compress_chunk('{chunk}')",
        "ALTER TABLE market_data SET (timescaledb.enable_columnstore = false)",
        "UPDATE market_data SET price = 2",
        "DELETE FROM market_data",
        "TRUNCATE market_data",
    ],
)
def test_no_role_of_the_product_may(
    timescale: Place, chunk: str, statement: str, role: str | None
) -> None:
    with psycopg.connect(timescale.dsn) as connection:
        if role is not None:
            connection.execute(f"SET ROLE {role}".encode())
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement.format(chunk=chunk).encode())


def test_the_owner_s_statements_meet_the_guard(timescale: Place, chunk: str) -> None:
    assert chunk
    with psycopg.connect(timescale.admin_dsn) as connection:
        connection.execute("SET ROLE cryptoscalp_owner")
        with pytest.raises(psycopg.Error) as refused:
            connection.execute("DELETE FROM market_data")
    assert refused.value.sqlstate == "CS001"


def test_foreign_rows_reach_their_candles_and_newest_rows(timescale: Place, chunk: str) -> None:
    assert chunk
    with psycopg.connect(timescale.dsn, autocommit=True) as connection:
        connection.execute(("INSERT INTO market_data" + _VALUES).encode())
        row = connection.execute(
            "SELECT low FROM candles WHERE symbol = 'BTCUSDT' AND interval = '1m'"
            " AND timestamp = '2024-08-08'"
        ).fetchone()
    assert row is not None
    assert row[0] == 1


def test_a_chunk_leaves_only_when_it_is_sealed(timescale: Place, chunk: str) -> None:
    """The steps of a move by themselves, in one session."""
    assert chunk
    with psycopg.connect(timescale.dsn, autocommit=True, options="-c timezone=UTC") as connection:
        connection.execute("SET ROLE cryptoscalp_capture")
        with pytest.raises(psycopg.Error):
            connection.execute("SELECT drop_day('mark_prices', '2024-08-09')")
        connection.execute(
            "SELECT record_parts('mark_prices', '2024-08-09', '{binanceusdm}', '{BTCUSDT}',"
            "   ARRAY[count(*)], ARRAY[min(timestamp)], ARRAY[max(timestamp)], '{NULL}', '{NULL}',"
            "   ARRAY[sha256('a')], 1)"
            " FROM mark_prices WHERE timestamp >= '2024-08-09' AND timestamp < '2024-08-10'"
        )
        connection.execute(
            "SELECT verify_parts('mark_prices', '2024-08-09', '{binanceusdm}', '{BTCUSDT}',"
            "   ARRAY[sha256('a')])"
        )
        sealed = connection.execute("SELECT seal_day('mark_prices', '2024-08-09')").fetchone()
        dropped = connection.execute("SELECT drop_day('mark_prices', '2024-08-09')").fetchone()
        left = connection.execute(
            "SELECT count(*) FROM mark_prices"
            " WHERE timestamp >= '2024-08-09' AND timestamp < '2024-08-10'"
        ).fetchone()
    assert sealed == dropped == (100,)
    assert left == (0,)


def test_a_schema_opened_again_is_closed_by_the_next_upgrade(timescale: Place, chunk: str) -> None:
    with psycopg.connect(timescale.admin_dsn, autocommit=True) as connection:
        connection.execute("GRANT USAGE ON SCHEMA _timescaledb_internal TO PUBLIC")
    migrations.upgrade(timescale.admin_dsn, login=LOGIN)
    with (
        psycopg.connect(timescale.dsn) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(f"SELECT FROM {chunk}".encode())
