"""`cryptoscalp trades import`, `trades export`, `reconcile`: files of an account and the books."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cryptoscalp.cli import output, reconcile_view
from cryptoscalp.cli.book_options import MaybeAt, Portfolio, RateOption, rates_of
from cryptoscalp.cli.reads import Exchange
from cryptoscalp.cli.session import Session, command
from cryptoscalp.cli.signals import ENDING
from cryptoscalp.cli.times import MaybeEnd, MaybeStart
from cryptoscalp.cli.trades import group

if TYPE_CHECKING:
    from cryptoscalp.trading.importing import FillsImported

Format = Annotated[
    str | None,
    typer.Option("--format", metavar="NAME", help="What the files are; else found out."),
]
FileExchange = Annotated[
    str | None,
    typer.Option(
        "--exchange",
        metavar="NAME",
        help="Where the files do not say it: binance, binanceusdm, binancecoinm, ...",
    ),
]
FileSymbol = Annotated[
    str | None,
    typer.Option(
        "--symbol",
        metavar="NAME",
        help="The symbol of files that do not name it; of those that name several, the one to"
        " take (the rest is ignored).",
    ),
]
Mapping = Annotated[
    str | None,
    typer.Option(
        "--map",
        metavar="MAP",
        help="Which column is what in a file of no known format, such as 'timestamp=time:ms,"
        ' symbol=pair, quantity=qty, rate.BNB=bnb_price, exchange="binance"\'.',
    ),
]
FileStrategy = Annotated[
    str | None,
    typer.Option("--strategy", metavar="NAME", help="The strategy of fills that name none."),
]


def register(app: typer.Typer) -> None:
    """Add `reconcile`; `import` and `export` hang onto `trades`."""
    command(app, "reconcile")(reconcile)


@command(group, "import")
def import_fills(
    session: Session,
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE", show_default=False, help="Files of fills, plain or gzipped."
        ),
    ],
    portfolio: Portfolio,
    format_: Format = None,
    exchange: FileExchange = None,
    symbol: FileSymbol = None,
    map_: Mapping = None,
    rate: RateOption = None,
    strategy: FileStrategy = None,
    check: Annotated[
        bool, typer.Option("--check", help="Book nothing; say what an import would do.")
    ] = False,
) -> None:
    """Book the fills of files: what a venue or a bot says that the account traded.

    Known are Binance's JSON (myTrades, userTrades) and CSV exports, bbgo's JSON and what `trades
    export` writes; --map reads any other CSV, JSON or JSON Lines. One record that is bad refuses
    all files. A fill is booked once under its venue's id, so that an import is safe to repeat and
    one that was cut off is finished by running it again.
    """
    with _advised(), session.connect() as db:
        found = db.trading.import_fills(
            portfolio, paths, format=format_, exchange=exchange, symbol=symbol, mapping=map_,
            rates=rates_of(rate), strategy=strategy, check=check,
        )  # fmt: skip
    if session.json:
        output.emit(_as_json(found))
    else:
        _show(found)


def _as_json(found: FillsImported) -> dict[str, Any]:
    names = (
        "checked", "received", "booked", "duplicates", "ignored", "first", "last", "fees",
    )  # fmt: skip
    symbols = [{"symbol": symbol, "exchange": exchange} for symbol, exchange in found.symbols]
    return {**{name: getattr(found, name) for name in names}, "symbols": symbols}


def _show(found: FillsImported) -> None:
    fees = ", ".join(f"{output.exact(fee)} {currency}" for currency, fee in found.fees.items())
    ignored = f", {found.ignored:,} of other symbols ignored" if found.ignored else ""
    output.fields(
        [
            ("received", f"{found.received:,} fills{ignored}"),
            ("to be booked" if found.checked else "booked", found.booked),
            ("booked before", found.duplicates),
            ("instruments", ", ".join(f"{one} on {venue}" for one, venue in found.symbols) or "–"),
            ("first", found.first),
            ("last", found.last),
            ("fees", fees or "none"),
        ]
    )
    if found.checked:
        output.say("a check: nothing was booked")


@contextmanager
def _advised() -> Iterator[None]:
    """Say what an interrupt leaves behind."""
    try:
        yield
    except KeyboardInterrupt:
        ENDING.advice = "what was booked stays, and running it again finishes the import"
        raise


@command(group, "export")
def export_fills(
    session: Session,
    portfolio: Portfolio,
    target: Annotated[
        Path,
        typer.Option("--output", metavar="FILE", help="FILE.csv or FILE.jsonl (JSON Lines)."),
    ],
    symbol: Annotated[
        str | None, typer.Option("--symbol", metavar="NAME", help="Of this symbol only.")
    ] = None,
    exchange: Exchange = None,
    start: MaybeStart = None,
    end: MaybeEnd = None,
) -> None:
    """Write the fills of a portfolio to a file, with all their digits.

    What was taken back is left out. `trades import` reads the file without options.
    """
    with session.connect() as db:
        found = db.trading.export_fills(
            portfolio, target, symbol=symbol, exchange=exchange, start=start, end=end
        )
    if session.json:
        output.emit(found)
    else:
        output.say(f"{found.fills:,} fills written to {found.path}")


def reconcile(
    session: Session,
    portfolio: Portfolio,
    fills: Annotated[
        Path | None, typer.Option("--fills", metavar="FILE", help="The venue's fills.")
    ] = None,
    balances: Annotated[
        Path | None, typer.Option("--balances", metavar="FILE", help="The venue's balances.")
    ] = None,
    apply: Annotated[
        bool, typer.Option("--apply", help="Make the books agree, by reversals and adjustments.")
    ] = False,
    reason: Annotated[
        str | None, typer.Option("--reason", metavar="TEXT", help="Kept with what --apply books.")
    ] = None,
    start: MaybeStart = None,
    end: MaybeEnd = None,
    at: MaybeAt = None,
    format_: Format = None,
    exchange: FileExchange = None,
    symbol: FileSymbol = None,
    map_: Mapping = None,
    rate: RateOption = None,
    strategy: FileStrategy = None,
) -> None:
    """Compare the books with a venue's fills or balances.

    Fills: those that the books lack, have too many of, or have with another content, in the
    instruments of the file and between its first and last fill unless --start and --end say
    otherwise. Balances: each currency, at --at where --apply books. Ends with 0 when they agree or
    were made to, with 1 when differences remain.
    """
    if (fills is None) == (balances is None):
        raise typer.BadParameter("say what to compare: --fills FILE or --balances FILE")
    of_fills: dict[str, datetime | str | None] = {
        "--start": start, "--end": end, "--format": format_, "--exchange": exchange,
        "--symbol": symbol, "--map": map_, "--strategy": strategy, "--reason": reason,
    }  # fmt: skip
    for_others = [name for name, value in of_fills.items() if value is not None]
    if balances is not None and for_others:
        raise typer.BadParameter(f"{', '.join(for_others)} belongs to --fills")
    if fills is not None and at is not None:
        raise typer.BadParameter("--at belongs to --balances; fills have times of their own")
    with session.connect() as db:
        if fills is not None:
            by_fills = db.trading.reconcile_fills(
                portfolio, fills, start=start, end=end, apply=apply, reason=reason, format=format_,
                exchange=exchange, symbol=symbol, mapping=map_, rates=rates_of(rate),
                strategy=strategy,
            )  # fmt: skip
            reconcile_view.show_fills(session, by_fills, apply)
            agrees = by_fills.agrees
        else:
            assert balances is not None
            by_balances = db.trading.reconcile_balances(
                portfolio, balances, apply=apply, at=at, rates=rates_of(rate)
            )
            reconcile_view.show_balances(session, by_balances, apply)
            agrees = by_balances.agrees
    if not (agrees or apply):
        raise typer.Exit(1)
