"""What a client with plain SQL can do to the books: nothing that breaks them."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, LiteralString

import psycopg
import pytest
from psycopg.sql import SQL

from cryptoscalp import AsyncDatabase
from tests.postgres import Place
from tests.trading.books import fill

SPECIFIED = {
    ("constraint", "chk_position_quantity"),
    ("constraint", "fk_positions_exchanges"),
    ("function", "update_position_pnl"),
    ("trigger", "trigger_update_position_pnl"),
    ("index", "positions_symbol_status_idx"),
    ("index", "active_positions_idx"),
    ("index", "trades_symbol_timestamp_idx"),
    ("view", "active_portfolio"),
    ("type", "trade_side"),
    ("type", "position_status"),
}


@pytest.fixture
async def filled(books: AsyncDatabase) -> AsyncDatabase:
    """An open and a closed position, cash, an order, funding."""
    await books.trading.deposit("main", "USDT", Decimal(1000), reference="first")
    await books.trading.record_fills(
        "main",
        [
            fill(1, "BUY", "2", "100", fee="0.1", fee_currency="USDT"),
            fill(2, "SELL", "2", "110", after_s=1),
            fill(3, "BUY", "3", "120", after_s=2),
        ],
    )
    await books.trading.place_order(
        "main", "BTCUSDT", "binance", "BUY", Decimal(1), client_order_id="c1"
    )
    return books


@pytest.fixture
def sql(shelf: Place, filled: AsyncDatabase) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """The product's session."""
    with psycopg.connect(shelf.dsn, autocommit=True) as connection:
        yield connection


@pytest.fixture
def admin(shelf: Place, filled: AsyncDatabase) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """The administrator's session."""
    with psycopg.connect(shelf.admin_dsn, autocommit=True) as connection:
        yield connection


_WRITES: list[LiteralString] = [
    "UPDATE trades SET price = 1",
    "DELETE FROM trades",
    "TRUNCATE trades CASCADE",
    "INSERT INTO trades OVERRIDING SYSTEM VALUE SELECT * FROM trades",
    "UPDATE cash_ledger SET amount = 1",
    "DELETE FROM cash_ledger",
    "TRUNCATE cash_ledger",
    (
        "INSERT INTO cash_ledger (timestamp, portfolio_id, currency, amount, kind, rate,"
        " conversion_path, base_amount, reference) SELECT now(), portfolio_id, 'USDT', 5,"
        " 'DEPOSIT', 1, 'x', 5, 'y' FROM portfolios LIMIT 1"
    ),
    "UPDATE cash_balances SET balance = 0",
    "DELETE FROM cash_balances",
    "UPDATE order_events SET event = 'SENT'",
    "DELETE FROM order_events",
    "UPDATE orders SET filled_quantity = 1",
    "DELETE FROM orders",
    "DELETE FROM positions",
    "TRUNCATE positions CASCADE",
    "UPDATE positions SET quantity = quantity + 1 WHERE status = 'OPEN'",
    "UPDATE positions SET realized_pnl = 0",
    "UPDATE positions SET cost_basis = 0 WHERE status = 'OPEN'",
    (
        "INSERT INTO positions (timestamp, symbol, exchange, side, quantity, entry_price,"
        " current_price, portfolio_id, cost_basis, pnl_currency, margined, opened_at)"
        " SELECT now(), symbol, exchange, 'SHORT', 1, 1, 1, portfolio_id, 1, 'USDT', false, now()"
        " FROM positions LIMIT 1"
    ),
    (
        "INSERT INTO funding_payments (timestamp, symbol, exchange, portfolio_id, amount, currency)"
        " SELECT now(), symbol, exchange, portfolio_id, 1, 'USDT' FROM positions LIMIT 1"
    ),
]


@pytest.mark.parametrize("statement", _WRITES)
async def test_nobody_writes_rows_of_the_books(
    sql: psycopg.Connection[tuple[Any, ...]],
    admin: psycopg.Connection[tuple[Any, ...]],
    filled: AsyncDatabase,
    statement: LiteralString,
) -> None:
    for session in (sql, admin):
        with pytest.raises(psycopg.Error) as refused:
            session.execute(statement)
        assert refused.value.sqlstate in {"42501", "CS001", "CS010"}
    assert await filled.trading.check_books() == []


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM portfolios",
        "UPDATE portfolios SET base_currency = 'EUR'",
        "UPDATE portfolios SET position_mode = 'HEDGING'",
        "UPDATE positions SET status = 'CLOSED'",
        "UPDATE positions SET unrealized_pnl = 0",
        "UPDATE positions SET side = 'SHORT'",
        "DELETE FROM strategies",
        "SELECT book_trade(NULL, NULL, ROW(1), NULL, false, 1, NULL)",
        "SELECT reduce_position(NULL, NULL)",
        "ALTER TABLE trades DISABLE TRIGGER ALL",
        "CREATE TEMP TABLE positions (x int); UPDATE public.positions SET quantity = 1",
    ],
)
def test_the_login_may_not(
    sql: psycopg.Connection[tuple[Any, ...]], statement: LiteralString
) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        sql.execute(statement)


def test_a_mark_by_plain_sql_moves_the_pnl(sql: psycopg.Connection[tuple[Any, ...]]) -> None:
    found = sql.execute(
        "UPDATE positions SET current_price = 125, marked_at = now() WHERE status = 'OPEN'"
        " AND portfolio_id = (SELECT max(portfolio_id) FROM portfolios) RETURNING unrealized_pnl"
    ).fetchall()
    assert found == [(15,)]


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        (b"UPDATE positions SET current_price = 0 WHERE status = 'OPEN'", "chk_position_prices"),
        (b"UPDATE positions SET stop_loss = -1 WHERE status = 'OPEN'", "chk_position_prices"),
        (b"UPDATE positions SET current_price = 7 WHERE status = 'CLOSED'", "is closed and does"),
    ],
)
def test_a_wrong_mark_by_plain_sql_is_refused(
    sql: psycopg.Connection[tuple[Any, ...]], statement: bytes, why: str
) -> None:
    with pytest.raises(psycopg.Error, match=why):
        sql.execute(statement)


@pytest.mark.parametrize(
    ("state", "wanted"),
    [
        ("open", "quantity = 0"),
        ("open", "closed_quantity = quantity + 1"),
        ("open", "status = 'PARTIAL'"),
        ("open", "status = 'CLOSED'"),
        ("open", "symbol = 'ETHBTC'"),
        ("open", "portfolio_id = portfolio_id - 1"),
        ("open", "side = 'SHORT'"),
        ("closed", "status = 'OPEN', closed_quantity = 0, closed_at = NULL"),
        ("closed", "status = 'PARTIAL', closed_quantity = 1, closed_at = NULL"),
        ("closed", "realized_pnl = 1"),
        ("closed", "take_profit = 1"),
        ("closed", "marked_at = now()"),
    ],
)
def test_illegal_moves_are_refused_for_the_owner_too(
    admin: psycopg.Connection[tuple[Any, ...]], state: str, wanted: LiteralString
) -> None:
    statement = SQL("UPDATE positions SET {} WHERE (status = 'CLOSED') = {}").format(
        SQL(wanted), state == "closed"
    )
    admin.execute("SET ROLE cryptoscalp_owner")
    with pytest.raises(psycopg.Error) as refused:
        admin.execute(statement)
    assert refused.value.sqlstate in {"CS010", "23514"}


def test_the_pnl_trigger_works_on_insert_and_on_every_column_it_depends_on(
    admin: psycopg.Connection[tuple[Any, ...]],
) -> None:
    with admin.transaction(force_rollback=True):
        admin.execute("SET LOCAL ROLE cryptoscalp_owner")
        admin.execute("INSERT INTO strategies (name) VALUES ('trigger')")
        row = admin.execute(
            "INSERT INTO positions (timestamp, symbol, exchange, side, quantity, entry_price,"
            " current_price, unrealized_pnl, portfolio_id, strategy_id, cost_basis, pnl_currency,"
            " margined, opened_at) SELECT now(), 'BTCUSDT', 'binance', 'LONG', 2, 100, 110, -999,"
            " max(portfolio_id), (SELECT max(strategy_id) FROM strategies), 200, 'USDT', false,"
            " now() FROM portfolios RETURNING position_id, unrealized_pnl"
        ).fetchone()
        assert row is not None
        assert row[1] == 20
        for change, pnl in (
            ("quantity = 3, cost_basis = 300", 30),
            ("current_price = 90", -30),
            ("cost_basis = 270", 0),
            ("unrealized_pnl = 12345", 0),
            ("closed_quantity = 1, cost_basis = 180, status = 'PARTIAL'", 0),
            ("contract_multiplier = 2", 180),
            ("inverse = true, contract_multiplier = 90, cost_basis = 1", -1),
        ):
            update = SQL("UPDATE positions SET {} WHERE position_id = %s RETURNING unrealized_pnl")
            assert admin.execute(update.format(SQL(change)), [row[0]]).fetchone() == (pnl,), change


def test_fills_by_plain_sql_keep_every_sum(
    sql: psycopg.Connection[tuple[Any, ...]], shelf: Place
) -> None:
    call = (
        "SELECT (r.booked).pnl, r.is_duplicate FROM record_fill(p_portfolio => 'main',"
        " p_symbol => 'BTCUSDT', p_exchange => 'binance', p_exchange_trade_id => 'plain',"
        " p_timestamp => '2024-01-02+00', p_side => 'SELL', p_quantity => 1, p_price => 130) AS r"
    )
    assert sql.execute(call).fetchone() == (10, False)
    assert sql.execute(call).fetchone() == (10, True)
    assert sql.execute("SELECT * FROM check_books()").fetchall() == []
    with pytest.raises(psycopg.Error, match="booked by reverse_trade"):
        sql.execute(
            "SELECT record_fill('main', 'BTCUSDT', 'binance', 'z', '2024-01-02+00', 'BUY', 1, 1,"
            " p_kind => 'REVERSAL')"
        )


@pytest.mark.parametrize("isolation", ["REPEATABLE READ", "SERIALIZABLE"])
def test_a_client_with_an_old_snapshot_breaks_nothing(
    sql: psycopg.Connection[tuple[Any, ...]], shelf: Place, isolation: str
) -> None:
    call = (
        b"SELECT (r.booked).trade_id FROM record_fill('main', 'BTCUSDT', 'binance', '%d',"
        b" '2024-01-02+00', 'SELL', 1, 130) AS r"
    )
    with psycopg.connect(shelf.dsn, autocommit=True) as other:
        other.execute(f"BEGIN ISOLATION LEVEL {isolation}".encode())
        other.execute("SELECT count(*) FROM trades")  # its snapshot
        sql.execute(call % 91)
        with pytest.raises(psycopg.errors.SerializationFailure):
            other.execute(call % 92)
        other.execute("ROLLBACK")
    assert sql.execute("SELECT * FROM check_books()").fetchall() == []


def test_the_specifications_names_are_there(admin: psycopg.Connection[tuple[Any, ...]]) -> None:
    found = set(
        admin.execute(
            "SELECT 'constraint', conname FROM pg_constraint"
            " UNION ALL SELECT 'function', proname FROM pg_proc"
            " UNION ALL SELECT 'trigger', tgname FROM pg_trigger"
            " UNION ALL SELECT CASE relkind WHEN 'i' THEN 'index' ELSE 'view' END, relname"
            " FROM pg_class WHERE relkind IN ('i', 'v')"
            " UNION ALL SELECT 'type', typname FROM pg_type"
        )
    )
    assert found >= SPECIFIED
    assert admin.execute(
        "SELECT indexdef FROM pg_indexes WHERE indexname = 'trades_symbol_timestamp_idx'"
    ).fetchone() == (
        (
            "CREATE INDEX trades_symbol_timestamp_idx ON public.trades USING brin (symbol,"
            ' "timestamp")'
        ),
    )


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        (
            "positions",
            (
                "position_id timestamp symbol exchange side quantity entry_price current_price"
                " unrealized_pnl stop_loss take_profit status portfolio_id strategy_id cost_basis"
                " realized_pnl opened_at closed_at closed_quantity open_quantity exit_price"
            ),
        ),
        (
            "trades",
            (
                "trade_id timestamp symbol exchange side quantity price commission pnl portfolio_id"
                " commission_currency liquidity order_id exchange_trade_id model_id"
            ),
        ),
    ],
)
def test_the_columns_are_there(
    admin: psycopg.Connection[tuple[Any, ...]], table: str, columns: str
) -> None:
    found = admin.execute(
        "SELECT attname::text FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0",
        [table],
    )
    assert {name for (name,) in found} >= set(columns.split())
