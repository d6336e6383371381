"""`cryptoscalp orders send`, `acknowledge`, `cancel`, `reject` and `events`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cryptoscalp.cli import output
from cryptoscalp.cli.amounts import Precisions
from cryptoscalp.cli.book_options import MaybeAt, Portfolio, Venue
from cryptoscalp.cli.session import Session, command

if TYPE_CHECKING:
    from cryptoscalp.database import Database
    from cryptoscalp.trading.order_types import Order

ClientOrderId = Annotated[
    str, typer.Argument(metavar="CLIENT_ORDER_ID", help="Your id of the order.")
]
Reason = Annotated[str | None, typer.Option("--reason", metavar="TEXT", help="Why.")]


def register(group: typer.Typer) -> None:
    """Add the commands to `orders`."""
    command(group, "send")(send)
    command(group, "acknowledge")(acknowledge)
    command(group, "cancel")(cancel)
    command(group, "reject")(reject)
    command(group, "events")(events)


def send(
    session: Session,
    portfolio: Portfolio,
    exchange: Venue,
    client_order_id: ClientOrderId,
    at: MaybeAt = None,
) -> None:
    """Note that an order was sent to the venue; it is not sent by this."""
    with session.connect() as db:
        found = db.trading.send_order(portfolio, exchange, client_order_id, timestamp=at)
        show(session, db, found)


def acknowledge(
    session: Session,
    portfolio: Portfolio,
    exchange: Venue,
    client_order_id: ClientOrderId,
    exchange_order_id: Annotated[
        str | None,
        typer.Option("--exchange-order-id", metavar="ID", help="The venue's id of it."),
    ] = None,
    at: MaybeAt = None,
) -> None:
    """Note that the venue has the order; fills may name it by the venue's id then."""
    with session.connect() as db:
        found = db.trading.acknowledge_order(
            portfolio, exchange, client_order_id, exchange_order_id, timestamp=at
        )
        show(session, db, found)


def cancel(
    session: Session,
    portfolio: Portfolio,
    exchange: Venue,
    client_order_id: ClientOrderId,
    reason: Reason = None,
    at: MaybeAt = None,
) -> None:
    """Note that an order was cancelled; what was filled of it stays.

    Nothing is sent to the venue.
    """
    with session.connect() as db:
        found = db.trading.cancel_order(
            portfolio, exchange, client_order_id, reason=reason, timestamp=at
        )
        show(session, db, found)


def reject(
    session: Session,
    portfolio: Portfolio,
    exchange: Venue,
    client_order_id: ClientOrderId,
    reason: Reason = None,
    at: MaybeAt = None,
) -> None:
    """Note that the venue refused an order."""
    with session.connect() as db:
        found = db.trading.reject_order(
            portfolio, exchange, client_order_id, reason=reason, timestamp=at
        )
        show(session, db, found)


def events(
    session: Session, portfolio: Portfolio, exchange: Venue, client_order_id: ClientOrderId
) -> None:
    """Show what happened to an order, in the order of booking."""
    with session.connect() as db:
        found = db.trading.order_events(portfolio, exchange, client_order_id)
    if session.json:
        output.emit(found)
        return
    output.table(
        ["time (UTC)", "event", "trade", "detail"],
        [
            (one.timestamp, one.event, None if one.trade_id is None else str(one.trade_id),
             one.detail)
            for one in found
        ],
        right=["trade"],
    )  # fmt: skip


def show(session: Session, db: Database, one: Order) -> None:
    """Print an order as it stands."""
    if session.json:
        output.emit(one)
        return
    precision = Precisions(db.market.instruments(one.symbol, one.exchange)).of(
        one.symbol, one.exchange
    )
    output.fields(
        [
            ("order", f"{one.client_order_id}{', booked before' if one.duplicate else ''}"),
            ("instrument", f"{one.symbol} on {one.exchange}"),
            ("side", one.side),
            ("type", f"{one.order_type} {one.time_in_force}"),
            ("quantity", precision.quantity(one.quantity)),
            ("filled", precision.quantity(one.filled_quantity)),
            ("price", precision.price(one.price)),
            ("stop price", precision.price(one.stop_price)),
            ("status", one.status),
            ("venue's id", one.exchange_order_id),
            ("decided (UTC)", one.timestamp),
            ("updated (UTC)", one.updated_at),
        ]
    )
