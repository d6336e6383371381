"""What the tests of the books trade: four kinds of instruments, and fills of them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from cryptoscalp import AsyncDatabase, Fill
from tests.faces import open_face
from tests.postgres import Place

START: Final = datetime(2024, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Traded:
    """An instrument as the tests know it; `settle` None for spot."""

    symbol: str
    exchange: str
    base: str
    quote: str
    settle: str | None = None
    inverse: bool = False
    multiplier: Decimal = Decimal(1)

    @property
    def pnl_currency(self) -> str:
        return self.settle or self.quote


SPOT: Final = Traded("BTCUSDT", "binance", "BTC", "USDT")
CROSS: Final = Traded("ETHBTC", "binance", "ETH", "BTC")
LINEAR: Final = Traded("BTCUSDT", "binanceusdm", "BTC", "USDT", "USDT", False, Decimal("0.001"))
INVERSE: Final = Traded("BTCUSD_PERP", "binancecoinm", "BTC", "USD", "BTC", True, Decimal(100))
TRADED: Final = (SPOT, CROSS, LINEAR, INVERSE)
#: Rates in USDT that fills of these instruments need.
RATES: Final = {"BTC": Decimal(50_000), "BNB": Decimal("312.5"), "ETH": Decimal(2_500)}


async def prepare(db: AsyncDatabase) -> None:
    """Register the instruments."""
    for one in TRADED:
        await db.market.add_instrument(
            one.symbol, one.exchange, base=one.base, quote=one.quote, **terms(one)
        )


@contextmanager
def opened(mode: str, place: Place) -> Iterator[tuple[asyncio.Runner, AsyncDatabase]]:
    """A face of the database for tests without a loop of their own, with the instruments."""
    with asyncio.Runner() as runner:
        db = runner.run(open_face(mode, place.dsn))
        try:
            runner.run(prepare(db))
            runner.run(db.trading.create_strategy("scalp"))
            yield runner, db
        finally:
            runner.run(db.close())


def terms(one: Traded) -> dict[str, Any]:
    """What an instrument is registered with beside its currencies."""
    if one.settle is None:
        return {}
    return {
        "settle": one.settle,
        "inverse": one.inverse,
        "contract_multiplier": one.multiplier,
    }


def fill(
    number: int | str,
    side: str,
    quantity: str | Decimal,
    price: str | Decimal,
    *,
    of: Traded = SPOT,
    fee: str | Decimal = "0",
    fee_currency: str | None = None,
    after_s: float = 0,
    **more: Any,
) -> Fill:
    """A fill of an instrument, `after_s` seconds after 2024 began."""
    return Fill(
        symbol=of.symbol,
        exchange=of.exchange,
        exchange_trade_id=str(number),
        timestamp=START + timedelta(seconds=after_s),
        side=side,  # type: ignore[arg-type]  # some tests give what is no side
        quantity=Decimal(quantity),
        price=Decimal(price),
        fee=Decimal(fee),
        fee_currency=fee_currency,
        **{"rates": RATES, **more},
    )
