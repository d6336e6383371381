"""Flow: close a position in the books, at a price of the caller's or the newest one."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import get_args

from cryptoscalp.infra.db.errors import IntegrityRefused, NotFound
from cryptoscalp.infra.db.flow import Flow, rows
from cryptoscalp.market.names import one_of
from cryptoscalp.trading.amounts import above_zero, now_or
from cryptoscalp.trading.positions import position
from cryptoscalp.trading.trades import record_fills
from cryptoscalp.trading.types import Booked, Fill, Position, PriceKind, Rates


def close_position(
    position_id: int,
    price: Decimal | None = None,
    *,
    quantity: Decimal | None = None,
    by: PriceKind = "quote",
    fee: Decimal = Decimal(0),
    fee_currency: str | None = None,
    timestamp: datetime | None = None,
    rates: Rates | None = None,
    note: str = "closed by hand",
) -> Flow[Booked]:
    """Book a fill that closes a position, or `quantity` of it; no order is sent to a venue.

    For what is known otherwise than by the venue's fills: it is marked ADJUSTMENT. `price` is the
    newest one of the kind `by`, unless given; `rates` as for a `Fill`. Raises NotFound where there
    is no position or price, IntegrityRefused when it is closed already or has less open.
    """
    one_of(by, get_args(PriceKind), "kind of price")
    held = yield from position(position_id)
    if held.status == "CLOSED":
        raise IntegrityRefused(f"position {position_id} is closed already")
    size = held.open_quantity if quantity is None else above_zero(quantity, "quantity")
    if size > held.open_quantity:
        raise IntegrityRefused(
            f"position {position_id} has {held.open_quantity} open, which is less than {size}"
        )
    if price is None:
        price = yield from _newest(held, by)
    fill = Fill(
        symbol=held.symbol,
        exchange=held.exchange,
        # A second call before the first was seen closes nothing twice.
        exchange_trade_id=f"close:{position_id}:{held.closed_quantity}",
        timestamp=now_or(timestamp, "timestamp"),
        side="SELL" if held.side == "LONG" else "BUY",
        quantity=size,
        price=above_zero(price, "price"),
        fee=fee,
        fee_currency=fee_currency,
        strategy=(yield from _strategy(held.strategy_id)),
        position_side=held.side,
        reduce_only=True,
        rates=rates,
        note=note,
    )
    portfolio = yield from rows(
        "SELECT name FROM portfolios WHERE portfolio_id = %s", (held.portfolio_id,)
    )
    booked = yield from record_fills(portfolio[0][0], [fill], kind="ADJUSTMENT")
    return booked[0]


def _newest(held: Position, by: PriceKind) -> Flow[Decimal]:
    found = yield from rows(
        "SELECT trim_scale(price) FROM price_at(%s, %s, now(), %s::price_kind,"
        " %s::position_side, '100 years')",
        (held.symbol, held.exchange, by.upper(), held.side),
    )
    if not found:
        raise NotFound(
            f"no {by} price of {held.symbol} on {held.exchange} is known; give the price (--price)"
        )
    newest: Decimal = found[0][0]
    return newest


def _strategy(strategy_id: int | None) -> Flow[str | None]:
    if strategy_id is None:
        return None
    found = yield from rows("SELECT name FROM strategies WHERE strategy_id = %s", (strategy_id,))
    name: str = found[0][0]
    return name
