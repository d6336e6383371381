"""`cryptoscalp portfolio value` and `curve`: a portfolio's worth, now and over time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from cryptoscalp.cli import listing, output
from cryptoscalp.cli.amounts import Precisions, money
from cryptoscalp.cli.book_options import By, MaybeAt, PortfolioName, RateOption, rates_of
from cryptoscalp.cli.session import Session, command
from cryptoscalp.cli.times import Start, parsed_duration, parsed_time
from cryptoscalp.trading.types import PriceKind

if TYPE_CHECKING:
    from cryptoscalp.trading.types import PortfolioValue


def register(group: typer.Typer) -> None:
    """Add the commands to `portfolio`."""
    command(group, "value")(value)
    command(group, "curve")(curve)


def value(
    session: Session,
    name: PortfolioName,
    at: MaybeAt = None,
    by: Annotated[
        PriceKind | None,
        typer.Option(
            "--by",
            case_sensitive=False,
            help="Prices to value at; last with --at, else the positions' last marks.",
        ),
    ] = None,
    rate: RateOption = None,
) -> None:
    """Show what a portfolio is worth: equity, cash, exposure, margin.

    Tables round what was reckoned to 8 decimals; --json has all digits.
    """
    rates = rates_of(rate)
    with session.connect() as db:
        found = db.trading.value(name, at, by=by, rates=rates)
        precisions = Precisions(db.market.instruments())
    if session.json:
        output.emit(found)
        return
    unit = found.base_currency
    output.fields(
        [
            ("portfolio", found.portfolio),
            ("at (UTC)", found.at),
            ("equity", f"{money(found.equity)} {unit}"),
            ("cash", f"{money(found.cash_value)} {unit}"),
            ("unrealized P&L", f"{money(found.unrealized_pnl)} {unit}"),
            ("exposure", f"{money(found.exposure)} {unit}"),
            ("margin used", f"{money(found.margin_used)} {unit}"),
            ("margin available", f"{money(found.available_margin)} {unit}"),
            ("leverage", money(found.leverage_ratio)),
        ]
    )
    _holdings(found, precisions)


def _holdings(found: PortfolioValue, precisions: Precisions) -> None:
    if found.cash:
        output.table(
            ["currency", "balance", "not in positions", "rate", "worth", "rate from"],
            [
                (one.currency, one.balance, one.free, one.rate, money(one.value),
                 one.conversion_path)
                for one in found.cash
            ],
            right=["balance", "not in positions", "rate", "worth"],
        )  # fmt: skip
    if found.positions:
        output.table(
            ["position", "instrument", "side", "quantity", "price", "P&L", "in", "worth"],
            [
                (
                    str(one.position_id),
                    f"{one.symbol} on {one.exchange}",
                    one.side,
                    precisions.of(one.symbol, one.exchange).quantity(one.quantity),
                    precisions.of(one.symbol, one.exchange).price(one.price),
                    money(one.unrealized_pnl),
                    one.pnl_currency,
                    money(one.value),
                )
                for one in found.positions
            ],
            right=["position", "quantity", "price", "P&L", "worth"],
        )


def curve(
    session: Session,
    name: PortfolioName,
    start: Start,
    end: Annotated[
        datetime,
        typer.Option("--end", parser=parsed_time, metavar="TIME", help="Last moment, included."),
    ],
    step: Annotated[
        float,
        typer.Option("--step", parser=parsed_duration, metavar="TIME", help="From point to point."),
    ] = 3600.0,
    by: By = "last",
    rate: RateOption = None,
) -> None:
    """Show a portfolio's worth from --start to --end, a point every --step."""
    rates = rates_of(rate)
    with session.connect() as db:
        found = db.trading.equity_curve(
            name, start, end, timedelta(seconds=step), by=by, rates=rates
        )
    if session.json:
        output.emit(found)
        return
    rows, line = listing.cut(found, None, "points", more="a longer --step, or --json,")
    output.table(
        ["time (UTC)", "equity", "cash", "unrealized P&L", "exposure", "margin used"],
        [
            (
                one.at,
                money(one.equity),
                money(one.cash_value),
                money(one.unrealized_pnl),
                money(one.exposure),
                money(one.margin_used),
            )
            for one in rows
        ],
        right=["equity", "cash", "unrealized P&L", "exposure", "margin used"],
    )
    output.say(f"{line}, in {found[0].base_currency}")
