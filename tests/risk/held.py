"""A portfolio of four kinds of instruments over ten days of hourly candles."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any, Final

from cryptoscalp import AsyncDatabase, Fill
from tests.capture.storing import Record, candle, chunk_of, store
from tests.faces import NOON
from tests.trading.books import CROSS, INVERSE, LINEAR, SPOT, Traded, prepare

HOUR: Final = timedelta(hours=1)
HOURS: Final = 240
#: All candles have ended by then.
AT: Final = NOON + HOURS * HOUR
LOOKBACK: Final = timedelta(hours=HOURS - 1)
#: What every measurement of these tests is told.
METHOD: Final[dict[str, Any]] = {"lookback": LOOKBACK}
_FIRST: Final = {SPOT: 50_000.0, LINEAR: 50_010.0, INVERSE: 49_990.0, CROSS: 0.05}


def closes(of: Traded, count: int = HOURS, seed: int = 1) -> list[float]:
    """Closing prices: a walk of its own beside the market's, which all share."""
    market, own = random.Random(seed), random.Random(of.symbol + of.exchange)
    log, made = math.log(_FIRST[of]), []
    for _ in range(count):
        log += 0.006 * market.gauss(0, 1) + 0.002 * own.gauss(0, 1)
        made.append(float(f"{math.exp(log):.6f}"))
    return made


def bars(of: Traded, prices: Sequence[float], first: int = 0, leave_out: Any = ()) -> list[Record]:
    """Hourly candles from noon on."""
    gone = set(leave_out)
    return [
        candle(
            60 * (first + n), f"{price:.6f}", interval="1h", symbol=of.symbol,
            exchange=of.exchange, open=f"{price:.6f}", high=f"{price:.6f}", low=f"{price:.6f}",
        )
        for n, price in enumerate(prices)
        if n not in gone
    ]  # fmt: skip


async def put(db: AsyncDatabase, records: Sequence[Record]) -> None:
    """Store candles as an import does."""
    await store(db, chunk_of(records))


def bought(
    number: int, side: str, size: str, price: str, after: timedelta, of: Traded = SPOT, **more: Any
) -> Fill:
    """A fill so long after noon, its currencies valued by the stored candles."""
    return Fill(
        of.symbol, of.exchange, str(number), NOON + after, side,  # type: ignore[arg-type]
        Decimal(size), Decimal(price), **more,
    )  # fmt: skip


async def market(db: AsyncDatabase, *instruments: Traded) -> None:
    """Register the instruments, and store the candles of those that are asked for."""
    await prepare(db)
    for one in instruments or (SPOT, LINEAR, INVERSE, CROSS):
        await put(db, bars(one, closes(one)))


async def portfolio(db: AsyncDatabase, capital: int = 100_000) -> None:
    """The portfolio `main` in USDT, leverage 10, with capital since one hour after noon."""
    await db.trading.create_portfolio("main", "USDT", leverage=Decimal(10))
    await db.trading.deposit(
        "main", "USDT", Decimal(capital), reference="first", timestamp=NOON + HOUR
    )


async def positions(db: AsyncDatabase) -> None:
    """A spot, a linear short, an inverse and a cross position, of two strategies."""
    await db.trading.create_strategy("scalp")
    await db.trading.record_fills(
        "main",
        [
            bought(1, "BUY", "1", "50000", 2 * HOUR),
            bought(2, "SELL", "500", "50010", 3 * HOUR, LINEAR, strategy="scalp"),
            bought(3, "BUY", "200", "49990", 4 * HOUR, INVERSE, strategy="scalp"),
            bought(4, "BUY", "4", "0.05", 5 * HOUR, CROSS),
        ],
    )


def moved(of: Traded, now: datetime = AT) -> list[float]:
    """The moves of its closes over the lookback."""
    prices = closes(of)[: (now - NOON) // HOUR]
    return [after / before - 1 for before, after in pairwise(prices)]
