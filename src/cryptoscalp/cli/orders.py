"""`cryptoscalp orders`: orders in the books, from the decision to their end."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

import typer

from cryptoscalp.cli import listing, order_events, output
from cryptoscalp.cli.amounts import Precisions, parsed_size
from cryptoscalp.cli.book_options import (
    Limit,
    MaybeAt,
    Portfolio,
    PositionSideOption,
    Quantity,
    SideOption,
    StrategyOption,
    Venue,
)
from cryptoscalp.cli.reads import Symbol
from cryptoscalp.cli.session import Session, command
from cryptoscalp.trading.order_types import OrderType, TimeInForce

_orders = typer.Typer(
    rich_markup_mode=None, help="Orders in the books; none is sent to a venue by these commands."
)


def register(app: typer.Typer) -> None:
    """Add `orders` and its commands."""
    app.add_typer(_orders, name="orders")


@command(_orders, "place")
def place(
    session: Session,
    portfolio: Portfolio,
    symbol: Symbol,
    exchange: Venue,
    side: SideOption,
    quantity: Quantity,
    client_order_id: Annotated[
        str,
        typer.Option(
            "--client-order-id", metavar="ID", help="Your id; under it the order is booked once."
        ),
    ],
    kind: Annotated[
        OrderType, typer.Option("--type", case_sensitive=False, help="How it is to be executed.")
    ] = "MARKET",
    price: Annotated[
        Decimal | None,
        typer.Option("--price", parser=parsed_size, metavar="NUMBER", help="Of a limit order."),
    ] = None,
    stop_price: Annotated[
        Decimal | None,
        typer.Option("--stop-price", parser=parsed_size, metavar="NUMBER", help="Triggers it."),
    ] = None,
    time_in_force: Annotated[
        TimeInForce,
        typer.Option("--time-in-force", case_sensitive=False, help="GTX is post only."),
    ] = "GTC",
    strategy: StrategyOption = None,
    position_side: PositionSideOption = None,
    reduce_only: Annotated[
        bool, typer.Option("--reduce-only", help="May only make a position smaller.")
    ] = False,
    model_id: Annotated[
        int | None, typer.Option("--model-id", metavar="ID", help="The model that decided.")
    ] = None,
    at: MaybeAt = None,
) -> None:
    """Book an order that was decided; NOTHING IS SENT to a venue.

    Safe to repeat: the same client order id is booked once.
    """
    with session.connect() as db:
        found = db.trading.place_order(
            portfolio, symbol, exchange, side, quantity, client_order_id=client_order_id,
            order_type=kind, price=price, stop_price=stop_price, time_in_force=time_in_force,
            strategy=strategy, position_side=position_side, reduce_only=reduce_only,
            model_id=model_id, decided_at=at,
        )  # fmt: skip
        order_events.show(session, db, found)


@command(_orders, "list")
def list_orders(session: Session, portfolio: Portfolio, limit: Limit = None) -> None:
    """Show the orders of a portfolio by the time they were decided."""
    with session.connect() as db:
        found = db.trading.orders(portfolio, limit=listing.asked(session, limit))
        precisions = Precisions(db.market.instruments())
    if session.json:
        output.emit(found)
        return
    rows, line = listing.cut(found, limit, "orders")
    output.table(
        ["client order id", "decided (UTC)", "instrument", "side", "type", "quantity", "filled",
         "price", "stop price", "status"],
        [
            (
                one.client_order_id,
                one.timestamp,
                f"{one.symbol} on {one.exchange}",
                one.side,
                one.order_type,
                precisions.of(one.symbol, one.exchange).quantity(one.quantity),
                precisions.of(one.symbol, one.exchange).quantity(one.filled_quantity),
                precisions.of(one.symbol, one.exchange).price(one.price),
                precisions.of(one.symbol, one.exchange).price(one.stop_price),
                one.status,
            )
            for one in rows
        ],
        right=["quantity", "filled", "price", "stop price"],
    )  # fmt: skip
    output.say(line)


order_events.register(_orders)
