"""Minutes of prices, and a portfolio that trades on them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, get_args

from cryptoscalp import AsyncDatabase, Fill
from cryptoscalp.analytics.performance_types import Performance
from cryptoscalp.analytics.windows import Period
from tests.faces import NOON, table, trade
from tests.trading.books import CROSS, INVERSE, LINEAR, SPOT, Traded, prepare

MINUTE_US: Final = 60_000_000
#: What differs between a row that was brought forward and one that was made at once.
_OWN: Final = ("portfolio", "revision", "computed_at")
_TRADED: Final = (SPOT, CROSS, LINEAR, INVERSE)


def at(minutes: float) -> datetime:
    """A moment, in minutes after noon of 2024-08-08."""
    return NOON + timedelta(minutes=minutes)


def price_rows(of: Traded, prices: Mapping[float, str | float | Decimal]) -> list[dict[str, Any]]:
    """A trade of the market at each of some minutes after noon, 30 s into it."""
    return [
        trade(
            int((minute + 0.5) * MINUTE_US),
            int(1_000_000 + minute * 10),
            symbol=of.symbol,
            exchange=of.exchange,
            price=f"{Decimal(str(price)):f}",
        )
        for minute, price in prices.items()
    ]


async def write_prices(
    db: AsyncDatabase, of: Traded, prices: Mapping[float, str | float | Decimal]
) -> None:
    """Store them."""
    await db.capture.write_trades(table(price_rows(of, prices)))


def fill(
    number: int | str,
    side: str,
    quantity: str | Decimal,
    price: str | Decimal,
    minute: float,
    *,
    of: Traded = SPOT,
    **more: Any,
) -> Fill:
    """A fill some minutes after noon, valued by the stored market data."""
    return Fill(
        symbol=of.symbol, exchange=of.exchange, exchange_trade_id=str(number),
        timestamp=at(minute), side=side,  # type: ignore[arg-type]
        quantity=Decimal(quantity), price=Decimal(price), **more,
    )  # fmt: skip


async def funded(
    db: AsyncDatabase, name: str = "main", amount: str = "1000", minute: float = 0.5
) -> None:
    """A portfolio in USDT with a deposit."""
    await db.trading.create_portfolio(name, "USDT")
    await db.trading.deposit(name, "USDT", Decimal(amount), reference="first", timestamp=at(minute))


def comparable(rows: Iterable[Performance]) -> list[dict[str, Any]]:
    """Rows without what is of a portfolio or of a run."""
    return [
        {name: value for name, value in asdict(one).items() if name not in _OWN} for one in rows
    ]


async def all_rows(db: AsyncDatabase, portfolio: str) -> list[dict[str, Any]]:
    """Everything that is stored of a portfolio, in order."""
    parts: list[dict[str, Any]] = [
        {},
        {"strategy": "scalp"},
        *({"symbol": one.symbol, "exchange": one.exchange} for one in _TRADED),
    ]
    return [
        row
        for period in get_args(Period)
        for part in parts
        for row in comparable(await db.analytics.performance(portfolio, period, **part))
    ]


async def market(db: AsyncDatabase) -> None:
    """The instruments, and the strategy."""
    await prepare(db)
    await db.trading.create_strategy("scalp")


__all__ = ["CROSS", "INVERSE", "LINEAR", "SPOT", "UTC", "all_rows", "at", "comparable", "fill",
           "funded", "market", "price_rows", "write_prices"]  # fmt: skip
