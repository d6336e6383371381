"""`cryptoscalp positions stops` and `breached`: stop loss and take profit of positions."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Final

import typer

from cryptoscalp.cli import output
from cryptoscalp.cli.amounts import Precisions, parsed_size
from cryptoscalp.cli.book_options import By, Portfolio
from cryptoscalp.cli.session import Session, command

if TYPE_CHECKING:
    from cryptoscalp.database import Database
    from cryptoscalp.trading.types import Position

_LEVELS: Final = ("stop-loss", "take-profit")

PositionId = Annotated[int, typer.Argument(metavar="ID", help="Its number, from `positions list`.")]
Level = Annotated[Decimal | None, typer.Option(parser=parsed_size, metavar="PRICE")]


def register(group: typer.Typer) -> None:
    """Add the commands to `positions`."""
    command(group, "stops")(stops)
    command(group, "breached")(breached)


def stops(
    session: Session,
    position_id: PositionId,
    stop_loss: Level = None,
    take_profit: Level = None,
    clear: Annotated[
        list[str] | None,
        typer.Option("--clear", metavar="LEVEL", help="stop-loss or take-profit; repeatable."),
    ] = None,
) -> None:
    """Set or clear the prices at which a position is given up or takes its profit.

    Kept in the books, for `positions breached` and the bots; no order is sent to a venue.
    """
    levels: dict[str, Decimal | None] = {}
    for name, price in zip(_LEVELS, (stop_loss, take_profit), strict=True):
        if price is not None:
            levels[name] = price
    for name in clear or []:
        if name not in _LEVELS:
            raise typer.BadParameter(f"--clear {name}: choose {', '.join(_LEVELS)}")
        if name in levels:
            raise typer.BadParameter(f"--clear {name}: the same level is set")
        levels[name] = None
    if not levels:
        raise typer.BadParameter("give --stop-loss, --take-profit or --clear")
    with session.connect() as db:
        found = _set(db, position_id, levels)
        known = Precisions(db.market.instruments(found.symbol, found.exchange))
    if session.json:
        output.emit(found)
        return
    precision = known.of(found.symbol, found.exchange)
    output.fields(
        [
            ("position", f"{position_id}: {found.side} {found.symbol} on {found.exchange}"),
            ("stop loss", precision.price(found.stop_loss)),
            ("take profit", precision.price(found.take_profit)),
        ]
    )


def _set(db: Database, position_id: int, levels: dict[str, Decimal | None]) -> Position:
    if len(levels) == len(_LEVELS):
        return db.trading.set_stops(position_id, levels["stop-loss"], levels["take-profit"])
    if "stop-loss" in levels:
        return db.trading.set_stop_loss(position_id, levels["stop-loss"])
    return db.trading.set_take_profit(position_id, levels["take-profit"])


def breached(session: Session, portfolio: Portfolio, by: By = "quote") -> None:
    """Show open positions whose stop loss or take profit the newest price has reached.

    Nothing is changed, no order is sent.
    """
    with session.connect() as db:
        found = db.trading.breached(portfolio, by)
        known = Precisions(db.market.instruments())
    if session.json:
        output.emit(found)
        return
    for position_id in found.unpriced:
        output.say(f"position {position_id} has stops, and no {by} price to tell by")
    if not found.breaches:
        output.say("no stop loss or take profit is reached")
        return
    output.table(
        ["position", "instrument", "side", "open", "price", "level", "reached"],
        [
            (
                str(one.position_id),
                f"{one.symbol} on {one.exchange}",
                one.side,
                known.of(one.symbol, one.exchange).quantity(one.open_quantity),
                known.of(one.symbol, one.exchange).price(one.price),
                known.of(one.symbol, one.exchange).price(one.level),
                one.cause.replace("_", " "),
            )
            for one in found.breaches
        ],
        right=["position", "open", "price", "level"],
    )
