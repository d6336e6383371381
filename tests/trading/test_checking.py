"""`books check` finds every row that somebody changed past the triggers."""

from __future__ import annotations

from decimal import Decimal

import psycopg
import pytest

from cryptoscalp import AsyncDatabase, NotFound
from tests.postgres import Place
from tests.trading.books import INVERSE, fill

_MINE = "portfolio_id = (SELECT portfolio_id FROM portfolios WHERE name = 'main')"


@pytest.fixture
async def filled(books: AsyncDatabase) -> AsyncDatabase:
    """A closed and two open positions, cash in and out, an order, a funding payment."""
    book = books.trading
    await book.deposit("main", "USDT", Decimal(1000), reference="first")
    await book.place_order("main", "BTCUSDT", "binance", "BUY", Decimal(3), client_order_id="c1")
    await book.record_fills(
        "main",
        [
            fill(1, "BUY", "2", "100", fee="0.001", fee_currency="BTC", client_order_id="c1"),
            fill(2, "SELL", "1.999", "110", fee="0.1", fee_currency="USDT", after_s=1),
            fill(3, "BUY", "3", "120", after_s=2),
            fill(4, "SELL", "7", "50000", of=INVERSE),
            fill(5, "BUY", "2", "40000", of=INVERSE, after_s=1),
        ],
    )
    await book.record_funding(
        "main", INVERSE.symbol, INVERSE.exchange, fill(6, "BUY", "1", "1", after_s=5).timestamp,
        amount=Decimal("-0.0001"), rates={"BTC": Decimal(50_000)},
    )  # fmt: skip
    return books


async def test_sound_books_have_no_difference(filled: AsyncDatabase) -> None:
    assert await filled.trading.check_books() == []
    assert await filled.trading.check_books("main") == []
    with pytest.raises(NotFound, match="no portfolio 'unheard'"):
        await filled.trading.check_books("unheard")


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (("UPDATE trades SET closed_quantity = closed_quantity + 1 WHERE OURS"
         " AND closes_position_id IS NOT NULL"), "closed quantity"),
        ("UPDATE trades SET pnl = pnl + 1 WHERE OURS AND closes_position_id IS NOT NULL",
         "realized P&L"),
        ("UPDATE trades SET pnl = pnl + 1 WHERE OURS", "P&L = closed value"),
        ("UPDATE trades SET notional = notional + 1 WHERE OURS", "notional"),
        ("UPDATE trades SET quantity = quantity + 1 WHERE OURS", "closed and opened"),
        ("UPDATE trades SET opened_cost = opened_cost + 1 WHERE OURS", "closed value and"),
        ("UPDATE trades SET closed_value = 0 WHERE OURS AND closed_value > 0", "exit value"),
        ("UPDATE cash_ledger SET amount = amount + 1 WHERE OURS AND kind = 'DEPOSIT'",
         "balance"),
        ("UPDATE cash_ledger SET amount = amount - 1 WHERE OURS AND kind = 'FEE'", "cash ="),
        (("UPDATE cash_ledger SET amount = amount * 2 WHERE OURS AND kind = 'TRADE'"
         " AND currency = 'BTC'"), "a spot fill changes"),
        ("UPDATE cash_ledger SET amount = amount * 2 WHERE OURS AND kind = 'FUNDING'",
         "funding = its ledger entry"),
        ("DELETE FROM cash_ledger WHERE OURS AND kind = 'FEE'", "cash ="),
        ("UPDATE cash_balances SET balance = balance + 1 WHERE OURS", "balance"),
        ("DELETE FROM cash_balances WHERE OURS", "balance"),
        ("UPDATE positions SET cost_basis = cost_basis + 1 WHERE OURS AND status = 'OPEN'",
         "cost basis"),
        ("UPDATE positions SET unrealized_pnl = unrealized_pnl + 1 WHERE OURS",
         "unrealized P&L"),
        ("UPDATE positions SET funding = 1 WHERE OURS", "funding = sum"),
        (
            ("UPDATE positions SET quantity = quantity + 1, open_quantity = open_quantity + 1"
            " WHERE OURS AND status = 'OPEN'"),
            "quantity =",
        ),
        ("UPDATE orders SET filled_quantity = 1 WHERE OURS", "filled quantity"),
        ("DELETE FROM trades WHERE OURS AND exchange_trade_id = '3'", "quantity ="),
    ],
)  # fmt: skip
async def test_a_changed_row_is_found_and_named(
    filled: AsyncDatabase, shelf: Place, change: str, what: str
) -> None:
    with psycopg.connect(shelf.admin_dsn, autocommit=True) as tampering:
        tampering.execute("SET session_replication_role = replica")
        with tampering.transaction(force_rollback=True):
            assert tampering.execute(change.replace("OURS", _MINE).encode()).rowcount > 0
            found = tampering.execute("SELECT what, subject FROM check_books('main')").fetchall()
    assert any(str(named).startswith(what) for named, _ in found), found
