"""`cryptoscalp instruments`: what is traded, on which terms."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Final

import typer

from cryptoscalp.cli import output
from cryptoscalp.cli.amounts import parsed_number, parsed_size
from cryptoscalp.cli.book_options import Venue
from cryptoscalp.cli.reads import Exchange, MaybeSymbol, Symbol
from cryptoscalp.cli.session import Session, command
from cryptoscalp.cli.times import parsed_time
from cryptoscalp.market.types import Feed, Instrument, QuoteSource

_instruments = typer.Typer(rich_markup_mode=None, help="Instruments and their terms.")
_TERMS: Final = (
    "base", "quote", "settle", "tick_size", "lot_size", "contract_multiplier", "inverse",
    "listed_at", "delisted_at", "renamed_to",
)  # fmt: skip


Number = Annotated[Decimal | None, typer.Option(parser=parsed_number, metavar="NUMBER")]
Step = Annotated[Decimal | None, typer.Option(parser=parsed_size, metavar="NUMBER")]
Moment = Annotated[datetime | None, typer.Option(parser=parsed_time, metavar="TIME")]
Text = Annotated[str | None, typer.Option(metavar="NAME")]
Inverse = Annotated[
    bool | None, typer.Option("--inverse/--linear", help="Settled in base, or in quote.")
]


def register(app: typer.Typer) -> None:
    """Add `instruments` and its commands."""
    app.add_typer(_instruments, name="instruments")


@command(_instruments, "list")
def list_instruments(
    session: Session, symbol: MaybeSymbol = None, exchange: Exchange = None
) -> None:
    """Show what data is stored for."""
    with session.connect() as db:
        found = db.market.instruments(symbol, exchange)
    if session.json:
        output.emit(found)
        return
    output.table(
        ["exchange", "symbol", "trades", "quotes", "base", "quote", "tick", "lot", "delisted"],
        [
            (
                one.exchange,
                one.symbol,
                one.canonical_feed,
                one.quote_source,
                one.base,
                one.quote,
                one.tick_size,
                one.lot_size,
                one.delisted_at,
            )
            for one in found
        ],
        right=["tick", "lot"],
    )
    output.say(f"{len(found):,} instruments")


@command(_instruments, "add")
def add_instrument(
    session: Session,
    symbol: Annotated[str, typer.Argument(metavar="SYMBOL", help="As the venue writes it.")],
    exchange: Venue,
    base: Annotated[str, typer.Option("--base", metavar="NAME", help="Currency that is traded.")],
    quote: Annotated[
        str, typer.Option("--quote", metavar="NAME", help="Currency that prices are in.")
    ],
    settle: Annotated[
        str | None,
        typer.Option("--settle", metavar="NAME", help="Of a derivative: currency of its P&L."),
    ] = None,
    tick_size: Step = None,
    lot_size: Step = None,
    contract_multiplier: Step = None,
    inverse: Inverse = None,
) -> None:
    """Register an instrument with its terms, before any market data of it.

    One that is there with the same terms is shown again; `instruments set` changes terms.
    """
    given: dict[str, Any] = {
        "settle": settle, "tick_size": tick_size, "lot_size": lot_size,
        "contract_multiplier": contract_multiplier, "inverse": inverse,
    }  # fmt: skip
    terms = {name: value for name, value in given.items() if value is not None}
    with session.connect() as db:
        added = db.market.add_instrument(symbol, exchange, base=base, quote=quote, **terms)
    if session.json:
        output.emit(added)
    else:
        _show(added)


@command(_instruments, "set")
def set_instrument(
    session: Session,
    symbol: Symbol,
    exchange: Exchange = None,
    canonical_feed: Annotated[
        Feed | None,
        typer.Option(help="Trades that candles are made of; candles are made again."),
    ] = None,
    quote_source: Annotated[
        QuoteSource | None, typer.Option(help="Quotes that the newest quote is taken from.")
    ] = None,
    base: Text = None,
    quote: Text = None,
    settle: Text = None,
    tick_size: Number = None,
    lot_size: Number = None,
    contract_multiplier: Number = None,
    inverse: Inverse = None,
    listed_at: Moment = None,
    delisted_at: Moment = None,
    renamed_to: Text = None,
    clear: Annotated[
        list[str] | None,
        typer.Option("--clear", metavar="TERM", help="Forget a term, such as base; repeatable."),
    ] = None,
) -> None:
    """Change the terms of an instrument.

    The earlier ones are kept as its history.
    """
    given: dict[str, Any] = {
        "base": base, "quote": quote, "settle": settle, "tick_size": tick_size,
        "lot_size": lot_size, "contract_multiplier": contract_multiplier, "inverse": inverse,
        "listed_at": listed_at, "delisted_at": delisted_at, "renamed_to": renamed_to,
    }  # fmt: skip
    terms = {name: value for name, value in given.items() if value is not None}
    for name in clear or []:
        term = name.replace("-", "_")
        if term not in _TERMS:
            raise typer.BadParameter(f"--clear {name}: choose {', '.join(_TERMS)}")
        if term in terms:
            raise typer.BadParameter(f"--clear {name}: the same term is set")
        terms[term] = None
    with session.connect() as db:
        changed = db.market.set_instrument(
            symbol,
            exchange,
            canonical_feed=canonical_feed,
            quote_source=quote_source,
            **terms,
        )
    if session.json:
        output.emit(changed)
    else:
        _show(changed)


def _show(one: Instrument) -> None:
    output.fields((field.name, getattr(one, field.name)) for field in fields(one))
