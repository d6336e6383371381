"""Which index answers which question, and that newest rows are rewritten in place."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import polars as pl
import psycopg
import pytest
from psycopg import sql
from psycopg.rows import TupleRow

from cryptoscalp import Database, connect
from cryptoscalp.capture.selection import select_new
from cryptoscalp.capture.tickkind import TRADES
from cryptoscalp.infra.db.flow import Rows
from cryptoscalp.infra.server import EmbeddedServer
from tests.capture.brute import fetch
from tests.faces import NOON, at, quote, table, trade
from tests.postgres import Place, new_database

Session = psycopg.Connection[TupleRow]
_DAY = 86_400_000_000
_UPDATES = 120


@pytest.fixture(scope="module")
def place(server: EmbeddedServer, template: Place) -> Iterator[Place]:
    with new_database(server, template.name) as made:
        yield made


@pytest.fixture(scope="module")
def market(place: Place) -> Iterator[Database]:
    """Ten days of a few symbols."""
    with connect(place.dsn) as db:
        db.market.ensure_partitions(NOON, NOON + timedelta(days=30))
        for symbol in ("BTCUSDT", "ETHUSDT", "XRPUSDT"):
            rows = [trade(n * _DAY // 1000, n, symbol=symbol) for n in range(10_000)]
            quoted = [quote(n * _DAY // 100, n, symbol=symbol) for n in range(1_000)]
            db.capture.write_trades(table(rows))
            db.capture.write_quotes(table(quoted))
        yield db


@pytest.fixture
def admin(market: Database, place: Place) -> Iterator[Session]:
    with psycopg.connect(place.admin_dsn, autocommit=True) as session:
        session.execute("ANALYZE")
        yield session


def nodes(session: Session, query: str, *params: Any) -> list[dict[str, Any]]:
    """Every node of the plan."""
    explain = f"EXPLAIN (FORMAT JSON) {query}".encode()
    with psycopg.ClientCursor(session) as cursor:
        given = params[0] if params and isinstance(params[0], dict) else params
        found = cursor.execute(explain, given).fetchone()
    assert found is not None
    plan = found[0] if isinstance(found[0], list) else json.loads(found[0])
    made, left = [], [plan[0]["Plan"]]
    while left:
        node = left.pop()
        made.append(node)
        left += node.get("Plans", [])
    return made


def test_the_newest_quote_is_one_row_by_its_key(admin: Session) -> None:
    admin.execute("SET enable_seqscan = off")  # three rows are one page: no index is cheaper
    for condition in ("symbol = 'BTCUSDT' AND exchange = 'binance'", "symbol = 'BTCUSDT'"):
        plan = nodes(admin, f"SELECT * FROM newest_quotes WHERE {condition}")  # noqa: S608
        assert [node.get("Index Name") for node in plan] == ["newest_quotes_pkey"]


@pytest.mark.long
@pytest.mark.parametrize("ticks", ["market_data", "order_book_l1"])
def test_a_range_of_one_symbol_reads_its_days_by_the_key(admin: Session, ticks: str) -> None:
    plan = nodes(
        admin,
        f"SELECT * FROM {ticks} WHERE symbol = %s AND exchange = %s AND timestamp >= %s"  # noqa: S608
        " AND timestamp < %s ORDER BY timestamp, sequence",
        "BTCUSDT", "binance", at(_DAY), at(_DAY + _DAY // 10),
    )  # fmt: skip
    scanned = {node["Relation Name"] for node in plan if "Relation Name" in node}
    assert scanned == {f"{ticks}_20240809"}
    assert {node["Index Name"] for node in plan if "Index Name" in node} == {
        f"{ticks}_20240809_pkey"
    }


def test_a_time_range_over_all_symbols_can_use_the_brin(admin: Session) -> None:
    # A day of a test is too small for a bitmap scan to be the planner's first choice.
    for scan in ("seqscan", "indexscan", "indexonlyscan"):
        admin.execute(f"SET enable_{scan} = off".encode())
    plan = nodes(
        admin,
        "SELECT count(*) FROM market_data WHERE timestamp >= %s AND timestamp < %s",
        at(_DAY), at(_DAY + 1_000_000),
    )  # fmt: skip
    used = {node["Index Name"] for node in plan if "Index Name" in node}
    assert used == {"market_data_20240809_symbol_timestamp_idx"}
    kinds = fetch(
        admin.info.dsn,
        "SELECT am.amname FROM pg_class AS c JOIN pg_am AS am ON am.oid = c.relam"
        " WHERE c.relname = 'market_data_20240809_symbol_timestamp_idx'",
    )
    assert kinds == [("brin",)]


@pytest.mark.long
def test_newest_rows_are_rewritten_in_place(market: Database, place: Place, admin: Session) -> None:
    admin.execute("SELECT pg_stat_reset()")
    with connect(place.dsn) as db:
        for n in range(_UPDATES):
            after = 11 * _DAY + n
            db.capture.write_quotes(table([quote(after, 10**6 + n), quote(after, 10**7 + n)]))
            db.capture.write_trades(table([trade(after, 10**6 + n)]))
    for name in ("newest_quotes", "newest_trades"):
        for _ in range(100):
            found = admin.execute(
                "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = %s",
                (name,),
            ).fetchone()
            assert found is not None
            if found[0] >= _UPDATES:
                break
            admin.execute("SELECT pg_sleep(0.05), pg_stat_clear_snapshot()")
        assert found is not None
        assert found[0] >= _UPDATES
        assert found[1] / found[0] >= 0.99


@pytest.mark.parametrize("with_ids", [True, False])
def test_twins_of_a_thin_batch_are_looked_up_one_by_one(admin: Session, with_ids: bool) -> None:
    # Merged or hashed, thousands of ranges times the stream's rows are compared: 400 times slower.
    thin = [
        trade(n * 10_000_000, n if with_ids else None, symbol="BTCUSDT", line=n, timestamp=None)
        for n in range(3_000)
    ]
    frame = pl.DataFrame(
        {**row, "timestamp": at(n * 10_000_000)} for n, row in enumerate(thin)
    ).cast({"timestamp": pl.Datetime("us", "UTC"), "sequence": pl.Int64})
    frame = frame.with_columns(pl.col("price", "volume").cast(pl.Decimal(38, 18)))
    step = next(select_new(frame, TRADES))
    assert isinstance(step, Rows)
    assert isinstance(step.query, sql.Composed)
    plan = nodes(admin, step.query.as_string(admin), step.params)
    joins = {node["Node Type"] for node in plan if "Join" in node["Node Type"]}
    assert joins == set()
    assert "Nested Loop" in {node["Node Type"] for node in plan}
