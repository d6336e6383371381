"""`cryptoscalp strategies`: what decides on orders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cryptoscalp.cli import output
from cryptoscalp.cli.session import Session, command

if TYPE_CHECKING:
    from cryptoscalp.trading.types import Strategy

_strategies = typer.Typer(rich_markup_mode=None, help="What decides on orders.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of the strategy.")]


def register(app: typer.Typer) -> None:
    """Add `strategies` and its commands."""
    app.add_typer(_strategies, name="strategies")


@command(_strategies, "create")
def create(
    session: Session,
    name: Name,
    description: Annotated[
        str | None, typer.Option("--description", metavar="TEXT", help="What it does.")
    ] = None,
    symbol: Annotated[
        list[str] | None,
        typer.Option(
            "--symbol",
            metavar="SYMBOL@EXCHANGE",
            help="What it trades, such as BTCUSDT@binance; repeatable.",
        ),
    ] = None,
) -> None:
    """Make a strategy; one that is there gets the description and symbols too."""
    pairs = [_pair(one) for one in symbol or []]
    with session.connect() as db:
        found = db.trading.create_strategy(name, description, symbols=pairs)
    _show(session, found)


@command(_strategies, "list")
def list_strategies(session: Session) -> None:
    """Show all strategies, the retired ones too."""
    with session.connect() as db:
        found = db.trading.strategies()
    if session.json:
        output.emit(found)
        return
    output.table(
        ["strategy", "trades", "created (UTC)", "retired (UTC)", "description"],
        [
            (one.name, _traded(one), one.created_at, one.retired_at, one.description)
            for one in found
        ],
    )
    output.say(f"{len(found):,} strategies")


@command(_strategies, "retire")
def retire(session: Session, name: Name) -> None:
    """Note that a strategy has stopped trading; what it did stays."""
    with session.connect() as db:
        found = db.trading.retire_strategy(name)
    _show(session, found)


def _pair(text: str) -> tuple[str, str]:
    symbol, _, exchange = text.rpartition("@")
    if not symbol or not exchange:
        raise typer.BadParameter(f"--symbol {text}: write SYMBOL@EXCHANGE, such as BTCUSDT@binance")
    return symbol, exchange


def _traded(one: Strategy) -> str | None:
    return ", ".join(f"{symbol} on {exchange}" for symbol, exchange in one.symbols) or None


def _show(session: Session, one: Strategy) -> None:
    if session.json:
        output.emit(one)
        return
    output.fields(
        [
            ("strategy", one.name),
            ("description", one.description),
            ("trades", _traded(one)),
            ("created (UTC)", one.created_at),
            ("retired (UTC)", one.retired_at),
        ]
    )
