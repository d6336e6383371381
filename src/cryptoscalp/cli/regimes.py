"""`cryptoscalp regimes`: what state the market is in, as it was knowable."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from cryptoscalp.cli import output
from cryptoscalp.cli.listing import cut
from cryptoscalp.cli.reads import Exchange, MaybeSymbol, Symbol
from cryptoscalp.cli.session import Session, command
from cryptoscalp.cli.times import MaybeEnd, MaybeStart, parsed_time
from cryptoscalp.market.types import Interval

if TYPE_CHECKING:
    from cryptoscalp.adaptation.regime_types import Regime, WatchedRegimes

_regimes = typer.Typer(
    rich_markup_mode=None,
    help="Whether a market is trending, ranging, volatile or in a crisis, as it was knowable.",
)

Of = Annotated[Interval, typer.Option("--interval", help="Candles that it is reckoned on.")]


def register(app: typer.Typer) -> None:
    """Add `regimes` and its commands."""
    app.add_typer(_regimes, name="regimes")


@command(_regimes, "watch")
def watch(
    session: Session,
    symbol: Symbol,
    interval: Of,
    exchange: Exchange = None,
    parameter: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=NUMBER",
            help="A parameter of the rule, such as confirm=10; repeatable.",
        ),
    ] = None,
    announce_from: Annotated[
        datetime | None,
        typer.Option(
            "--announce-from",
            parser=parsed_time,
            metavar="TIME",
            help="Changes before it make no event for trainers; else now.",
        ),
    ] = None,
) -> None:
    """Have an instrument's regimes reckoned from its stored candles, by the job update_regimes.

    One that was stopped goes on where it stood; with other parameters it begins anew there.
    """
    from cryptoscalp.adaptation.regime_rule import RegimeRule

    rule = RegimeRule.of_document(dict(_parameter(one) for one in parameter or []))
    with session.connect() as db:
        found = db.adaptation.watch_regimes(
            symbol, exchange, interval, rule, announce_from=announce_from
        )
    _show(session, [found])


@command(_regimes, "unwatch")
def unwatch(session: Session, symbol: Symbol, interval: Of, exchange: Exchange = None) -> None:
    """Stop reckoning an instrument's regimes; what is stored stays."""
    with session.connect() as db:
        found = db.adaptation.unwatch_regimes(symbol, exchange, interval)
    _show(session, [found])


@command(_regimes, "update")
def update(session: Session) -> None:
    """Take in the candles that have ended, as the job update_regimes does every minute."""
    with session.connect() as db:
        found = db.adaptation.update_regimes()
    if session.json:
        output.emit(found)
        return
    output.table(
        ["symbol", "exchange", "interval", "through (UTC)", "candles", "regimes"],
        [
            (one.symbol, one.exchange, one.interval, one.through, one.candles, one.regimes)
            for one in found
        ],
        right=["candles", "regimes"],
    )
    output.say(f"{len(found):,} instruments")


@command(_regimes, "show")
def show(
    session: Session,
    symbol: MaybeSymbol = None,
    exchange: Exchange = None,
    interval: Annotated[
        Interval | None, typer.Option("--interval", help="Candles that it is reckoned on.")
    ] = None,
    at: Annotated[
        datetime | None,
        typer.Option(
            "--at", parser=parsed_time, metavar="TIME", help="As it was known then; else now."
        ),
    ] = None,
) -> None:
    """Show the regime in force of what is watched.

    None is where candles are missing for longer than the rule bridges; the duration says how long
    it was seen.
    """
    from cryptoscalp.infra.db.errors import NotFound

    with session.connect() as db:
        found = db.adaptation.regime_states(symbol, exchange, interval, at=at)
    if symbol and not found:
        where = "".join(f" on {one}" for one in (exchange, interval) if one)
        raise NotFound(
            f"regimes of {symbol}{where} are not reckoned; begin with `cryptoscalp regimes watch`"
        )
    _show(session, found)


@command(_regimes, "history")
def history(
    session: Session,
    symbol: Symbol,
    interval: Of,
    exchange: Exchange = None,
    start: MaybeStart = None,
    end: MaybeEnd = None,
) -> None:
    """Show the regimes of an instrument, one after the other."""
    with session.connect() as db:
        found = db.adaptation.regimes(symbol, exchange, interval, start, end)
    if session.json:
        output.emit(found)
        return
    shown, told = cut(found, None, "regimes", more="--start or --json")
    output.table(
        ["since (UTC)", "regime", "confidence", "minutes", *_NUMBERS],
        [(one.since, *_row(one)) for one in shown],
        right=["confidence", "minutes", *_NUMBERS],
    )
    output.say(told)


_NUMBERS = {
    "volatility ratio": "volatility_ratio",
    "trend": "trend",
    "drawdown": "drawdown",
    "spread bps": "spread_bps",
}


def _parameter(text: str) -> tuple[str, float]:
    name, _, number = text.partition("=")
    try:
        return name, int(number) if number.isdecimal() else float(number)
    except ValueError:
        raise typer.BadParameter(f"--set {text}: write NAME=NUMBER, such as confirm=10") from None


def _show(session: Session, found: list[WatchedRegimes]) -> None:
    if session.json:
        output.emit(found)
        return
    heads = ["regime", "confidence", "minutes", *_NUMBERS]
    output.table(
        ["symbol", "exchange", "interval", "since (UTC)", *heads, "through (UTC)", "state"],
        [
            (
                one.symbol,
                one.exchange,
                one.interval,
                one.regime and one.regime.since,
                *(_row(one.regime) if one.regime else [None] * len(heads)),
                one.through,
                "stopped" if one.stopped_at else "watched",
            )
            for one in found
        ],
        right=heads[1:],
    )
    output.say(f"{len(found):,} watched")


def _row(one: Regime) -> list[object]:
    numbers = (one.features.get(name) for name in _NUMBERS.values())
    return [
        one.label,
        f"{one.confidence:.2f}",
        one.duration_minutes,
        *(None if number is None else f"{number:.4g}" for number in numbers),
    ]
