"""`cryptoscalp portfolio pnl` and `exposure`: what was gained by day, and what is open."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

import typer

from cryptoscalp.cli import listing, output
from cryptoscalp.cli.amounts import money
from cryptoscalp.cli.book_options import PortfolioName, parsed_day
from cryptoscalp.cli.session import Session, command


def register(group: typer.Typer) -> None:
    """Add the commands to `portfolio`."""
    command(group, "pnl")(pnl)
    command(group, "exposure")(exposure)


def pnl(
    session: Session,
    name: PortfolioName,
    start: Annotated[
        date | None,
        typer.Option("--start", parser=parsed_day, metavar="DATE", help="First UTC day."),
    ] = None,
    end: Annotated[
        date | None,
        typer.Option("--end", parser=parsed_day, metavar="DATE", help="Last UTC day, included."),
    ] = None,
) -> None:
    """Show P&L by UTC day and instrument.

    Net is realized less fees plus funding. Unrealized is that of what was open at the end of the
    day. Amounts are in the settlement currency; tables round them to 8 decimals.
    """
    if start is not None and end is not None and end < start:
        raise typer.BadParameter(f"--end {end} is before --start {start}")
    with session.connect() as db:
        found = db.trading.pnl_by_day(name, start, end)
        names = {one.strategy_id: one.name for one in db.trading.strategies()}
    if session.json:
        output.emit(found)
        return
    rows, line = listing.cut(found, None, "lines", more="--start with --end, or --json,")
    amounts = ["realized", "fees", "funding", "net", "unrealized"]
    output.table(
        ["day", "instrument", "strategy", "fills", *amounts, "in"],
        [
            (
                one.day,
                f"{one.symbol} on {one.exchange}",
                None if one.strategy_id is None else names[one.strategy_id],
                one.fills,
                money(one.realized_pnl),
                money(one.commission),
                money(one.funding),
                money(one.net_pnl),
                money(one.unrealized_pnl),
                one.currency,
            )
            for one in rows
        ],
        right=["fills", *amounts],
    )
    output.say(line)


def exposure(
    session: Session,
    name: PortfolioName,
    by: Annotated[
        Literal["symbol", "exchange", "strategy"],
        typer.Option("--by", case_sensitive=False, help="What is summed up."),
    ] = "symbol",
) -> None:
    """Show the open notional at the last marks, long and short."""
    with session.connect() as db:
        found = db.trading.exposure(name, by)
    if session.json:
        output.emit(found)
        return
    amounts = ["long", "short", "net", "gross", "unrealized P&L"]
    output.table(
        [by, "positions", *amounts, "in"],
        [
            (
                one.key,
                one.positions,
                money(one.long_notional),
                money(one.short_notional),
                money(one.net_notional),
                money(one.gross_notional),
                money(one.unrealized_pnl),
                one.currency,
            )
            for one in found
        ],
        right=["positions", *amounts],
    )
