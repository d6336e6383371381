"""`cryptoscalp quote`, `candles` and `coverage`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from cryptoscalp.cli import export, output
from cryptoscalp.cli.session import Session, command
from cryptoscalp.cli.times import MaybeEnd, MaybeStart, age
from cryptoscalp.market.types import Fill, Interval

Symbol = Annotated[
    str, typer.Argument(metavar="SYMBOL", help="As the venue writes it, or as BTC/USDT.")
]
MaybeSymbol = Annotated[
    str | None, typer.Argument(metavar="[SYMBOL]", help="This symbol only; else all.")
]
Exchange = Annotated[
    str | None,
    typer.Option(
        "--exchange",
        metavar="NAME",
        help="The exchange, such as binance, binanceusdm or binancecoinm; needed where several"
        " have the symbol.",
    ),
]
_SHOWN = 40


def register(app: typer.Typer) -> None:
    """Add the commands."""
    command(app, "quote")(quote)
    command(app, "candles")(candles)
    command(app, "coverage")(coverage)


def quote(session: Session, symbol: Symbol, exchange: Exchange = None) -> None:
    """Show the newest quote of an instrument."""
    with session.connect() as db:
        found = db.market.latest(symbol, exchange)
    if session.json:
        shown = output.plain(found)
        shown |= {"mid_price": output.exact(found.mid_price)}
        output.emit(shown | {"spread": output.exact(found.spread)})
        return
    since = (datetime.now(UTC) - found.timestamp).total_seconds()
    output.fields(
        [
            ("instrument", f"{found.symbol} on {found.exchange}"),
            ("time (UTC)", f"{output.cell(found.timestamp)} ({age(since)} ago)"),
            ("bid", f"{output.exact(found.bid_price)} × {output.exact(found.bid_volume)}"),
            ("ask", f"{output.exact(found.ask_price)} × {output.exact(found.ask_volume)}"),
            ("spread", found.spread),
            ("mid", found.mid_price),
            ("sequence", str(found.sequence)),
            ("received", found.received_at),
        ]
    )


def candles(
    session: Session,
    symbol: Symbol,
    interval: Annotated[Interval, typer.Option("--interval", help="Length of a candle.")],
    exchange: Exchange = None,
    start: MaybeStart = None,
    end: MaybeEnd = None,
    fill: Annotated[Fill, typer.Option("--fill", help="What stands where no trade was.")] = "none",
    target: export.Target = None,
) -> None:
    """Show candles, ordered by time.

    All there are unless --start and --end say otherwise: they choose the buckets that begin in
    the range. A candle is complete when no trade of it can be missing.
    """
    place = export.checked(target, session)
    with session.connect() as db:
        table = db.market.candles(symbol, interval, start, end, exchange, fill=fill, exact=True)
    if place is not None:
        export.write(table, place, session)
        return
    found: list[dict[str, Any]] = table.to_pylist()
    if session.json:
        output.emit([_candle(one) for one in found])
        return
    columns = ["open", "high", "low", "close", "volume"]
    output.table(
        ["time (UTC)", *columns, "trades", "complete", "source"],
        [
            (
                one["timestamp"].strftime("%Y-%m-%d %H:%M:%S"),
                *(one[name] for name in columns),
                one["trade_count"],
                one["complete"],
                one["source"],
            )
            for one in found[-_SHOWN:]
        ],
        right=[*columns, "trades"],
    )
    cut = f", the last {_SHOWN} shown (--output or --json gives all)" * (len(found) > _SHOWN)
    output.say(f"{len(found):,} candles{cut}")


def _candle(one: dict[str, Any]) -> dict[str, Any]:
    count = one["trade_count"]
    return {
        **one,
        "timestamp": f"{one['timestamp']:%Y-%m-%dT%H:%M:%SZ}",
        "trade_count": None if count is None else str(count),
    }


def coverage(session: Session, symbol: MaybeSymbol = None, exchange: Exchange = None) -> None:
    """Show what was received, and the gaps.

    Intervals received without a hole, and the gaps between them with their cause.
    """
    from cryptoscalp.infra.db.errors import NotFound

    with session.connect() as db:
        if (symbol or exchange) and not db.market.instruments(symbol, exchange):
            raise NotFound(
                f"nothing is stored for {symbol or 'any symbol'}"
                f"{f' on {exchange}' if exchange else ''};"
                " `cryptoscalp instruments list` shows what is"
            )
        received, gaps = db.market.coverage(symbol, exchange), db.market.gaps(symbol, exchange)
    if session.json:
        output.emit({"received": received, "gaps": gaps})
        return
    both = sorted(
        [*received, *gaps], key=lambda one: (one.exchange, one.symbol, one.stream, one.start)
    )
    output.table(
        ["exchange", "symbol", "stream", "from (UTC)", "to (UTC)", "what", "missing"],
        [
            (
                one.exchange,
                one.symbol,
                one.stream,
                one.start,
                one.end,
                "received" if one.cause is None else f"gap: {one.cause}",
                one.missing,
            )
            for one in both
        ],
        right=["missing"],
    )
    output.say(f"{len(received):,} intervals received, {len(gaps):,} gaps")
