"""Flows: orders from the decision to their end."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Final, get_args

from psycopg import sql

from cryptoscalp.infra.db.errors import NotFound
from cryptoscalp.infra.db.flow import Flow, Row, rows
from cryptoscalp.market.names import moment, one_of
from cryptoscalp.market.types import Side
from cryptoscalp.trading.amounts import above_zero, now_or
from cryptoscalp.trading.names import named, venue_name
from cryptoscalp.trading.order_types import (
    Order,
    OrderEvent,
    OrderEventKind,
    OrderType,
    TimeInForce,
)
from cryptoscalp.trading.portfolios import portfolio as known_portfolio
from cryptoscalp.trading.types import PositionSide

_COLUMNS: Final = sql.SQL(
    "order_id, timestamp, symbol, exchange, portfolio_id, strategy_id, client_order_id,"
    " exchange_order_id, side::text, position_side::text, order_type::text, time_in_force::text,"
    " trim_scale(quantity), trim_scale(price), trim_scale(stop_price), reduce_only,"
    " trim_scale(filled_quantity), status::text, model_id, prediction_timestamp, updated_at"
)
_PLACE: Final = sql.SQL(
    "SELECT {}, is_duplicate FROM (SELECT is_duplicate, (placed).* FROM place_order(%s, %s, %s,"
    " %s, %s::trade_side, %s::order_type, %s, %s, %s, %s::time_in_force, %s, %s::position_side, %s,"
    " %s, %s, %s, %s)) AS one"
).format(_COLUMNS)
_EVENT: Final = sql.SQL(
    "SELECT {}, is_duplicate FROM (SELECT is_duplicate, (changed).*"
    " FROM record_order_event(%s, %s, %s, %s::order_event_kind, %s, %s)) AS one"
).format(_COLUMNS)


def place_order(
    portfolio: str,
    symbol: str,
    exchange: str,
    side: Side,
    quantity: Decimal,
    *,
    client_order_id: str,
    order_type: OrderType = "MARKET",
    price: Decimal | None = None,
    stop_price: Decimal | None = None,
    time_in_force: TimeInForce = "GTC",
    strategy: str | None = None,
    position_side: PositionSide | None = None,
    reduce_only: bool = False,
    model_id: int | None = None,
    prediction_timestamp: datetime | None = None,
    decided_at: datetime | None = None,
    sent_at: datetime | None = None,
) -> Flow[Order]:
    """Book an order that was decided (now, unless said), and sent where `sent_at` says so.

    `client_order_id` names it for a portfolio and exchange: the same order again is returned with
    `duplicate`, another content under the id is refused. `model_id` and `prediction_timestamp` are
    the prediction that led to it. Nothing is sent to a venue. Raises InputError, NotFound,
    IntegrityRefused.
    """
    named(client_order_id, "client_order_id")
    one_of(side, get_args(Side), "side")
    one_of(order_type, get_args(OrderType), "order type")
    one_of(time_in_force, get_args(TimeInForce), "time in force")
    above_zero(quantity, "quantity")
    for value, name in ((price, "price"), (stop_price, "stop_price")):
        if value is not None:
            above_zero(value, name)
    if position_side is not None:
        one_of(position_side, get_args(PositionSide), "position side")
    decided = now_or(decided_at, "decided_at")
    sent = moment(sent_at, "sent_at") if sent_at else None
    stored = yield from venue_name(symbol, exchange)
    found = yield from rows(
        _PLACE,
        (
            portfolio, stored, exchange, client_order_id, side, order_type, quantity, price,
            stop_price, time_in_force, strategy, position_side, reduce_only, model_id,
            prediction_timestamp, decided, sent,
        ),
    )  # fmt: skip
    return Order(*found[0])


def send_order(
    portfolio: str, exchange: str, client_order_id: str, *, timestamp: datetime | None = None
) -> Flow[Order]:
    """Note that an order was sent to the venue; raises as `acknowledge_order` does."""
    return (yield from _event(portfolio, exchange, client_order_id, "SENT", timestamp, None))


def acknowledge_order(
    portfolio: str,
    exchange: str,
    client_order_id: str,
    exchange_order_id: str | None = None,
    *,
    timestamp: datetime | None = None,
) -> Flow[Order]:
    """Note that the venue has the order, under `exchange_order_id`: fills may name it by that.

    The same event again changes nothing. Raises NotFound for an unknown order, IntegrityRefused
    for what cannot happen to it.
    """
    return (
        yield from _event(
            portfolio, exchange, client_order_id, "ACKNOWLEDGED", timestamp, exchange_order_id
        )
    )


def cancel_order(
    portfolio: str,
    exchange: str,
    client_order_id: str,
    *,
    reason: str | None = None,
    timestamp: datetime | None = None,
) -> Flow[Order]:
    """Note that an order was cancelled; what was filled of it stays. Raises as the others do.

    A fill that is reported afterwards is booked all the same: the venue had executed it.
    """
    return (yield from _event(portfolio, exchange, client_order_id, "CANCELLED", timestamp, reason))


def reject_order(
    portfolio: str,
    exchange: str,
    client_order_id: str,
    *,
    reason: str | None = None,
    timestamp: datetime | None = None,
) -> Flow[Order]:
    """Note that the venue refused an order; raises as the others do."""
    return (yield from _event(portfolio, exchange, client_order_id, "REJECTED", timestamp, reason))


def orders(
    portfolio: str, *, client_order_id: str | None = None, limit: int | None = None
) -> Flow[list[Order]]:
    """Orders of a portfolio by the time they were decided, the last `limit` where it is given."""
    account = yield from known_portfolio(portfolio)
    found = yield from rows(
        sql.SQL(
            "SELECT {} FROM orders WHERE portfolio_id = %s"
            " AND (%s::text IS NULL OR client_order_id = %s)"
            " ORDER BY timestamp DESC, order_id DESC LIMIT %s"
        ).format(_COLUMNS),
        (account.portfolio_id, client_order_id, client_order_id, limit),
    )
    return [Order(*row) for row in reversed(found)]


def order_events(portfolio: str, exchange: str, client_order_id: str) -> Flow[list[OrderEvent]]:
    """What happened to an order, in the order of booking; NotFound for an unknown order."""
    account = yield from known_portfolio(portfolio)
    found: list[Row] = yield from rows(
        "SELECT event_id, e.timestamp, event::text, trade_id, detail, recorded_at"
        " FROM order_events AS e JOIN orders AS o USING (order_id)"
        " WHERE portfolio_id = %s AND exchange = %s AND client_order_id = %s ORDER BY event_id",
        (account.portfolio_id, exchange, client_order_id),
    )
    if not found:
        raise NotFound(
            f"there is no order {client_order_id!r} on {exchange} in portfolio {portfolio!r}"
        )
    return [OrderEvent(*row) for row in found]


def _event(
    portfolio: str,
    exchange: str,
    client_order_id: str,
    event: OrderEventKind,
    timestamp: datetime | None,
    detail: str | None,
) -> Flow[Order]:
    at = now_or(timestamp, "timestamp")
    found = yield from rows(_EVENT, (portfolio, exchange, client_order_id, event, at, detail))
    return Order(*found[0])
