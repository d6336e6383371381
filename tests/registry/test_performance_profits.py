"""P&L of the trades that predictions led to: exact, by the portfolios' base currencies."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Literal

from cryptoscalp import AsyncDatabase
from tests.faces import at
from tests.postgres import Place
from tests.registry.resolving import SECOND, Made, model, predict
from tests.trading.books import LINEAR, SPOT, Traded, fill, prepare
from tests.trading.books import START as OPENED


async def traded(
    db: AsyncDatabase,
    portfolio: str,
    name: str,
    side: Literal["BUY", "SELL"],
    price: str,
    model_id: int | None,
    after: int,
    *,
    of: Traded = LINEAR,
    **more: Any,
) -> int:
    """A filled order that a prediction led to; the number of its trade."""
    decided: dict[str, Any] = {} if model_id is None else {
        "model_id": model_id, "prediction_timestamp": at(after),
    }  # fmt: skip
    await db.trading.place_order(
        portfolio, of.symbol, of.exchange, side, Decimal(3), client_order_id=name, **decided
    )
    booked = await db.trading.record_fill(
        portfolio, fill(name, side, "3", price, of=of, client_order_id=name, **more)
    )
    return booked.trade.trade_id


async def test_profits_are_exact_and_by_currency(db: AsyncDatabase, database: Place) -> None:
    await prepare(db)
    number, other = model(database), model(database, "other")
    predict(database, number, [Made(0), Made(SECOND)])
    for portfolio, base in (("dollars", "USDT"), ("euros", "EUR")):
        await db.trading.create_portfolio(portfolio, base)
    rates = {"USDT": Decimal("0.9"), "BTC": Decimal(45_000)}
    terms: tuple[tuple[str, dict[str, Any]], ...] = (("dollars", {}), ("euros", {"rates": rates}))
    for portfolio, more in terms:
        await traded(db, portfolio, "open", "BUY", "100.1", number, 0,
                     fee="0.000000000000000001", fee_currency="USDT", **more)  # fmt: skip
        await traded(db, portfolio, "close", "SELL", "110.3", number, SECOND,
                     fee="0.01", fee_currency="USDT", **more)  # fmt: skip
        # Not of this model, or of this window.
        await traded(db, portfolio, "x", "BUY", "50", other, 0, **more)
        await traded(db, portfolio, "y", "SELL", "60", None, 0, **more)
        await traded(db, portfolio, "z", "BUY", "50", number, 100 * SECOND, **more)
    found = await db.registry.performance(number, start=at(0), end=at(10 * SECOND))
    euros, dollars = found.profits
    pnl = Decimal("10.2") * 3 * LINEAR.multiplier
    assert (dollars.currency, dollars.trades, dollars.realized) == ("USDT", 2, pnl)
    assert dollars.commission == Decimal("0.010000000000000001")
    assert dollars.net == pnl - Decimal("0.010000000000000001")
    assert (euros.currency, euros.realized) == ("EUR", pnl * Decimal("0.9"))
    assert euros.net == (pnl - Decimal("0.010000000000000001")) * Decimal("0.9")
    spot = await db.registry.performance(
        number, start=at(0), end=at(10 * SECOND), symbol=SPOT.symbol, exchange=SPOT.exchange
    )
    assert spot.profits == ()


async def test_reversals_count_as_the_books_have_them(db: AsyncDatabase, database: Place) -> None:
    await prepare(db)
    number = model(database)
    await db.trading.create_portfolio("main", "USDT")
    await traded(db, "main", "open", "BUY", "100", number, 0)
    last = await traded(db, "main", "close", "SELL", "110", number, 0)
    (before,) = (await db.registry.performance(number, as_of=at(SECOND))).profits
    assert before.net == 30 * LINEAR.multiplier
    await db.trading.reverse_trade(last, reason="typo", timestamp=OPENED)
    await traded(db, "main", "again", "SELL", "101", number, 0)
    (after,) = (await db.registry.performance(number, as_of=at(SECOND))).profits
    assert (after.net, after.trades) == (3 * LINEAR.multiplier, 4)
    assert after.realized == sum(one.pnl for one in await db.trading.trades("main"))
