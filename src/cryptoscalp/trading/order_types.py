"""Orders as the books have them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal, TypeAlias

from cryptoscalp.market.types import Side
from cryptoscalp.trading.types import PositionSide

OrderType: TypeAlias = Literal[
    "MARKET", "LIMIT", "STOP_MARKET", "STOP_LIMIT", "TAKE_PROFIT_MARKET", "TAKE_PROFIT_LIMIT"
]
OrderStatus: TypeAlias = Literal[
    "DECIDED", "SENT", "ACKNOWLEDGED", "PARTIALLY_FILLED", "FILLED", "CANCELLED", "REJECTED"
]
OrderEventKind: TypeAlias = Literal[
    "DECIDED", "SENT", "ACKNOWLEDGED", "FILLED", "CANCELLED", "REJECTED"
]
TimeInForce: TypeAlias = Literal["GTC", "IOC", "FOK", "GTX"]


@dataclass(frozen=True, slots=True)
class Order:
    """An order; `timestamp` is when it was decided, `status` follows from its events."""

    order_id: int
    timestamp: datetime
    symbol: str
    exchange: str
    portfolio_id: int
    strategy_id: int | None
    client_order_id: str
    exchange_order_id: str | None
    side: Side
    position_side: PositionSide | None
    order_type: OrderType
    time_in_force: TimeInForce
    quantity: Decimal
    price: Decimal | None
    stop_price: Decimal | None
    reduce_only: bool
    filled_quantity: Decimal
    status: OrderStatus
    model_id: int | None
    prediction_timestamp: datetime | None
    updated_at: datetime
    duplicate: bool = False


@dataclass(frozen=True, slots=True)
class OrderEvent:
    """What happened to an order; `trade_id` is the fill's, `detail` a reason or the venue's id."""

    event_id: int
    timestamp: datetime
    event: OrderEventKind
    trade_id: int | None
    detail: str | None
    recorded_at: datetime
