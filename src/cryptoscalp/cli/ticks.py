"""`cryptoscalp ticks`: trades, quotes, mark prices or funding rates of a time range."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, TypeAlias, assert_never

import typer

from cryptoscalp.cli import export, output
from cryptoscalp.cli.reads import Exchange, Symbol
from cryptoscalp.cli.session import Session, command
from cryptoscalp.cli.times import End, Start

if TYPE_CHECKING:
    import pyarrow as pa

    from cryptoscalp.database import Database

Stream: TypeAlias = Literal["trades", "quotes", "mark_prices", "funding_rates"]
_SHOWN: Final = 20
_NUMBERS: Final = (
    "price", "volume", "bid_price", "bid_volume", "ask_price", "ask_volume",
    "mark_price", "index_price", "funding_rate", "predicted_rate",
)  # fmt: skip


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(app, "ticks")(ticks)


def ticks(
    session: Session,
    symbol: Symbol,
    start: Start,
    end: End,
    exchange: Exchange = None,
    stream: Annotated[Stream, typer.Option("--stream", help="What to read.")] = "trades",
    exact: Annotated[
        bool,
        typer.Option("--exact", help="Write decimals as stored instead of 64-bit floats."),
    ] = False,
    target: export.Target = None,
) -> None:
    """Read trades, quotes, mark prices or funding rates of a time range.

    Ordered by time and venue id. On the terminal and in JSON numbers are always exact;
    files hold floats unless --exact.
    """
    place = export.checked(target, session)
    with session.connect() as db:
        table = _read(db, stream)(symbol, start, end, exchange, exact=exact or place is None)
    if place is not None:
        export.write(table, place, session)
    elif session.json:
        _emit(table)
    else:
        _show(table, stream)


def _read(db: Database, stream: Stream) -> Callable[..., pa.Table]:
    match stream:
        case "trades":
            return db.market.trades
        case "quotes":
            return db.market.quotes
        case "mark_prices":
            return db.market.mark_prices
        case "funding_rates":
            return db.market.funding_rates
        case _:
            assert_never(stream)


def _emit(table: pa.Table) -> None:
    """One JSON list, written batch by batch."""
    import json
    import sys

    first = True
    sys.stdout.write("[")
    for batch in table.to_batches(max_chunksize=10_000):
        for row in batch.to_pylist():
            shown = json.dumps(output.plain(row), ensure_ascii=False)
            sys.stdout.write(("\n  " if first else ",\n  ") + shown)
            first = False
    sys.stdout.write("]\n" if first else "\n]\n")


def _show(table: pa.Table, stream: Stream) -> None:
    left_out = {"symbol", "exchange"}
    columns = [name for name in table.column_names if name not in left_out]
    rows: list[dict[str, Any]] = table.slice(0, _SHOWN).to_pylist()
    output.table(
        columns,
        [[str(row[name]) if name == "sequence" else row[name] for name in columns] for row in rows],
        right=[name for name in columns if name in (*_NUMBERS, "sequence")],
    )
    cut = f", the first {_SHOWN} shown (--output or --json gives all)" * (table.num_rows > _SHOWN)
    output.say(f"{table.num_rows:,} {stream.replace('_', ' ')}{cut}")
