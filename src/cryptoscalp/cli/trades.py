"""`cryptoscalp trades`: the account's fills in the books."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import typer

from cryptoscalp.cli import listing, output
from cryptoscalp.cli.amounts import Precisions, money, parsed_size
from cryptoscalp.cli.book_options import (
    At,
    Fee,
    FeeCurrency,
    Limit,
    MaybeAt,
    Note,
    Portfolio,
    PositionSideOption,
    Quantity,
    RateOption,
    SideOption,
    StrategyOption,
    Venue,
    rates_of,
)
from cryptoscalp.cli.reads import Exchange, MaybeSymbol, Symbol
from cryptoscalp.cli.session import Session, command
from cryptoscalp.cli.times import MaybeEnd, MaybeStart
from cryptoscalp.trading.types import Liquidity

if TYPE_CHECKING:
    from cryptoscalp.trading.types import Booked

#: Other modules hang their commands onto it.
group = typer.Typer(rich_markup_mode=None, help="The account's fills: list, import, take back.")


def register(app: typer.Typer) -> None:
    """Add `trades` and its commands."""
    app.add_typer(group, name="trades")


@command(group, "list")
def list_trades(
    session: Session,
    portfolio: Portfolio,
    symbol: MaybeSymbol = None,
    exchange: Exchange = None,
    start: MaybeStart = None,
    end: MaybeEnd = None,
    limit: Limit = None,
) -> None:
    """Show the trades of a portfolio in the order of booking."""
    with session.connect() as db:
        found = db.trading.trades(
            portfolio, symbol, exchange, start=start, end=end,
            limit=listing.asked(session, limit),
        )  # fmt: skip
        precisions = Precisions(db.market.instruments())
    if session.json:
        output.emit(found)
        return
    rows, line = listing.cut(found, limit, "trades")
    output.table(
        ["trade", "time (UTC)", "instrument", "side", "quantity", "price", "P&L", "in", "fee",
         "fee in", "kind"],
        [
            (
                str(one.trade_id),
                one.timestamp,
                f"{one.symbol} on {one.exchange}",
                one.side,
                precisions.of(one.symbol, one.exchange).quantity(one.quantity),
                precisions.of(one.symbol, one.exchange).price(one.price),
                money(one.pnl),
                one.pnl_currency,
                one.commission,
                one.commission_currency,
                one.kind,
            )
            for one in rows
        ],
        right=["trade", "quantity", "price", "P&L", "fee"],
    )  # fmt: skip
    output.say(line)


@command(group, "record")
def record(
    session: Session,
    portfolio: Portfolio,
    symbol: Symbol,
    exchange: Venue,
    side: SideOption,
    quantity: Quantity,
    price: Annotated[
        Decimal,
        typer.Option("--price", parser=parsed_size, metavar="NUMBER", help="In quote currency."),
    ],
    venue_id: Annotated[
        str, typer.Option("--id", metavar="ID", help="The venue's id; under it it is booked once.")
    ],
    at: At,
    fee: Fee = Decimal(0),
    fee_currency: FeeCurrency = None,
    liquidity: Annotated[
        Liquidity | None,
        typer.Option("--liquidity", case_sensitive=False, help="Made the price, or took it."),
    ] = None,
    rate: RateOption = None,
    strategy: StrategyOption = None,
    position_side: PositionSideOption = None,
    reduce_only: Annotated[
        bool, typer.Option("--reduce-only", help="Refuse it where it would open a position.")
    ] = False,
    client_order_id: Annotated[
        str | None, typer.Option("--client-order-id", metavar="ID", help="The order it fills.")
    ] = None,
    exchange_order_id: Annotated[
        str | None,
        typer.Option("--exchange-order-id", metavar="ID", help="The venue's id of that order."),
    ] = None,
    note: Note = None,
) -> None:
    """Book one fill: its trade, the position it changes, the cash it moves.

    Safe to repeat: a fill is booked once under the venue's id.
    """
    from cryptoscalp.trading.types import Fill

    fill = Fill(
        symbol=symbol, exchange=exchange, exchange_trade_id=venue_id, timestamp=at, side=side,
        quantity=quantity, price=price, fee=fee, fee_currency=fee_currency, liquidity=liquidity,
        strategy=strategy, position_side=position_side, reduce_only=reduce_only,
        client_order_id=client_order_id, exchange_order_id=exchange_order_id,
        rates=rates_of(rate), note=note,
    )  # fmt: skip
    with session.connect() as db:
        booked = db.trading.record_fill(portfolio, fill)
        precisions = Precisions(db.market.instruments(symbol, exchange))
    show_booked(session, booked, precisions)


@command(group, "reverse")
def reverse(
    session: Session,
    trade_id: Annotated[
        int, typer.Argument(metavar="TRADE", help="Its number, from `trades list`.")
    ],
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why.")],
    at: MaybeAt = None,
    rate: RateOption = None,
) -> None:
    """Take a trade back by a further one; nothing is deleted.

    Cash and quantities are then as without it. A trade is taken back once.
    """
    rates = rates_of(rate)
    with session.connect() as db:
        booked = db.trading.reverse_trade(trade_id, reason=reason, timestamp=at, rates=rates)
        trade = booked.trade
        precisions = Precisions(db.market.instruments(trade.symbol, trade.exchange))
    show_booked(session, booked, precisions)


def show_booked(session: Session, booked: Booked, precisions: Precisions) -> None:
    """Print a trade as it was booked, and what it did to positions."""
    if session.json:
        output.emit(booked)
        return
    one = booked.trade
    precision = precisions.of(one.symbol, one.exchange)
    fee = f"{output.exact(one.commission)} {one.commission_currency or ''}".rstrip()
    fill = f"{one.side} {precision.quantity(one.quantity)} at {precision.price(one.price)}"
    output.fields(
        [
            ("trade", f"{one.trade_id}{', booked before' if booked.duplicate else ''}"),
            ("kind", one.kind),
            ("instrument", f"{one.symbol} on {one.exchange}"),
            ("fill", fill),
            ("time (UTC)", one.timestamp),
            ("P&L", f"{money(one.pnl)} {one.pnl_currency}"),
            ("fee", fee),
            ("closes", _part(one.closes_position_id, precision.quantity(one.closed_quantity))),
            ("opens", _part(one.opens_position_id, precision.quantity(one.opened_quantity))),
        ]
    )  # fmt: skip


def _part(position_id: int | None, quantity: str | None) -> str | None:
    return None if position_id is None else f"{quantity} of position {position_id}"
