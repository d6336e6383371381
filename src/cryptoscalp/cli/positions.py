"""`cryptoscalp positions`: what is open and what was, its price, and closing it in the books."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Final

import typer

from cryptoscalp.cli import lots, output, stops
from cryptoscalp.cli.amounts import Precision, Precisions, money, parsed_size
from cryptoscalp.cli.book_options import (
    By,
    Fee,
    FeeCurrency,
    MaybeAt,
    Portfolio,
    RateOption,
    rates_of,
)
from cryptoscalp.cli.session import Session, command
from cryptoscalp.cli.trades import show_booked

if TYPE_CHECKING:
    from cryptoscalp.trading.positions import Which
    from cryptoscalp.trading.types import Position

_positions = typer.Typer(
    rich_markup_mode=None, help="Positions: what is open, its price and its stops."
)
_WORDS: Final = ("instrument", "side", "status", "in", "opened (UTC)", "closed (UTC)")
_SHOWN: Final = {
    "open": ("id", "instrument", "side", "open", "entry", "mark", "unrealized", "in", "stop",
             "target"),
    "closed": ("id", "instrument", "side", "quantity", "entry", "exit", "realized", "funding",
               "in", "closed (UTC)"),
    "all": ("id", "instrument", "side", "status", "quantity", "open", "entry", "exit", "realized",
            "unrealized", "in"),
}  # fmt: skip


def register(app: typer.Typer) -> None:
    """Add `positions` and its commands."""
    app.add_typer(_positions, name="positions")


@command(_positions, "list")
def list_positions(
    session: Session,
    portfolio: Portfolio,
    closed: Annotated[bool, typer.Option("--closed", help="The closed ones.")] = False,
    every: Annotated[bool, typer.Option("--all", help="The open and the closed ones.")] = False,
) -> None:
    """Show the positions of a portfolio in the order they were opened: the open ones.

    Prices and quantities have the decimals of the instrument's tick and lot size, averages two
    more; --json has all digits.
    """
    if closed and every:
        raise typer.BadParameter("--closed and --all exclude each other; give one of them")
    which: Which = "closed" if closed else "all" if every else "open"
    with session.connect() as db:
        found = db.trading.positions(portfolio, which)
        precisions = Precisions(db.market.instruments())
    if session.json:
        output.emit(found)
    else:
        table(found, precisions, which)


def table(found: Sequence[Position], precisions: Precisions, which: Which) -> None:
    """Print positions, a row each."""
    columns = _SHOWN[which]
    rows = [_cells(one, precisions.of(one.symbol, one.exchange)) for one in found]
    output.table(
        columns,
        [[row[column] for column in columns] for row in rows],
        right=[column for column in columns if column not in _WORDS],
    )
    output.say(f"{len(found):,} {'' if which == 'all' else f'{which} '}positions")


def _cells(one: Position, precision: Precision) -> dict[str, object]:
    return {
        "id": str(one.position_id),
        "instrument": f"{one.symbol} on {one.exchange}",
        "side": one.side,
        "status": one.status,
        "quantity": precision.quantity(one.quantity),
        "open": precision.quantity(one.open_quantity),
        "entry": precision.average(one.entry_price),
        "exit": precision.average(one.exit_price),
        "mark": precision.price(one.current_price),
        "unrealized": money(one.unrealized_pnl),
        "realized": money(one.realized_pnl),
        "funding": money(one.funding),
        "in": one.pnl_currency,
        "stop": precision.price(one.stop_loss),
        "target": precision.price(one.take_profit),
        "opened (UTC)": one.opened_at,
        "closed (UTC)": one.closed_at,
        "marked (UTC)": one.marked_at,
    }


@command(_positions, "show")
def show(
    session: Session,
    position_id: stops.PositionId,
    with_lots: Annotated[
        bool, typer.Option("--lots", help="Also its fills, matched first in, first out.")
    ] = False,
) -> None:
    """Show a position, and what it stands to lose until its stop loss."""
    with session.connect() as db:
        found = db.trading.position(position_id)
        portfolio = next(
            one.name for one in db.trading.portfolios() if one.portfolio_id == found.portfolio_id
        )
        strategies = {one.strategy_id: one.name for one in db.trading.strategies()}
        risks = db.trading.open_risk(portfolio)
        risk = next((one for one in risks if one.position_id == position_id), None)
        matched = db.trading.lots(portfolio, position_id) if with_lots else None
        known = Precisions(db.market.instruments(found.symbol, found.exchange))
    strategy = None if found.strategy_id is None else strategies[found.strategy_id]
    if session.json:
        shown = output.plain(found) | {
            "portfolio": portfolio,
            "strategy": strategy,
            "pnl_at_stop": risk and risk.pnl_at_stop,
            "risk_to_stop": risk and risk.risk_to_stop,
        }
        output.emit(shown if matched is None else shown | {"lots": matched})
        return
    precision = known.of(found.symbol, found.exchange)
    loss = None if risk is None else money(risk.risk_to_stop)
    output.fields(
        [
            ("portfolio", portfolio),
            ("strategy", strategy),
            *_cells(found, precision).items(),
            ("loss until stop", loss),
            ("leverage", found.leverage),
        ]
    )
    if matched is not None:
        lots.show(matched, precision)


@command(_positions, "close")
def close(
    session: Session,
    position_id: stops.PositionId,
    price: Annotated[
        Decimal | None,
        typer.Option(
            "--price", parser=parsed_size, metavar="NUMBER", help="Else the newest one of --by."
        ),
    ] = None,
    quantity: Annotated[
        Decimal | None,
        typer.Option(
            "--quantity", parser=parsed_size, metavar="NUMBER", help="Of it; all unless said."
        ),
    ] = None,
    by: By = "quote",
    fee: Fee = Decimal(0),
    fee_currency: FeeCurrency = None,
    at: MaybeAt = None,
    rate: RateOption = None,
    note: Annotated[
        str, typer.Option("--note", metavar="TEXT", help="A remark, kept with it.")
    ] = "closed by hand",
) -> None:
    """Close a position in the books only; NO ORDER IS SENT to a venue.

    For what was closed there already and is not told by its fills. It is booked as an ADJUSTMENT.
    """
    rates = rates_of(rate)
    with session.connect() as db:
        booked = db.trading.close_position(
            position_id, price, quantity=quantity, by=by, fee=fee, fee_currency=fee_currency,
            timestamp=at, rates=rates, note=note,
        )  # fmt: skip
        trade = booked.trade
        known = Precisions(db.market.instruments(trade.symbol, trade.exchange))
    show_booked(session, booked, known)


@command(_positions, "mark")
def mark(session: Session, portfolio: Portfolio, by: By = "quote") -> None:
    """Mark the open positions with the newest prices.

    Those that have no such price keep their mark and are named.
    """
    with session.connect() as db:
        found = db.trading.mark(portfolio, by)
    if session.json:
        output.emit(found)
        return
    output.say(f"{found.marked:,} positions marked")
    for one in found.unpriced:
        output.say(f"position {one} has no {by} price, its mark stays")


stops.register(_positions)
