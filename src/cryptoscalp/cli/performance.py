"""`cryptoscalp performance`: how a portfolio, a strategy, a symbol is doing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cryptoscalp.cli import listing, output
from cryptoscalp.cli.amounts import money
from cryptoscalp.cli.book_options import Limit, PortfolioName
from cryptoscalp.cli.nothing_found import tell_no_windows, tell_nothing_compared
from cryptoscalp.cli.reads import Exchange
from cryptoscalp.cli.session import Session, command
from cryptoscalp.cli.times import MaybeEnd, MaybeStart, parsed_time

if TYPE_CHECKING:
    from cryptoscalp.analytics.performance_types import Performance

_performance = typer.Typer(
    rich_markup_mode=None,
    help="Returns, ratios, drawdown, trades and slippage by calendar window, as last refreshed.",
)

PeriodOption = Annotated[
    Literal["1h", "1d", "1w", "1M", "all"],
    typer.Option(
        "--period", help="Length of a window: hour and day of minutes, week and month of hours."
    ),
]
Names = Annotated[
    list[str] | None, typer.Argument(metavar="[NAME]...", help="Portfolios; else all of them.")
]
AsOf = Annotated[
    datetime | None,
    typer.Option(
        "--as-of", parser=parsed_time, metavar="TIME", help="Up to this moment; else a minute ago."
    ),
]
_RATIOS = ("return", "Sharpe", "95 %", "Sortino", "Calmar", "drawdown")
_TRADES = ("trades", "win rate", "profit factor", "fees", "slippage bps")
_MARKS = ("gaps", "revision")


def register(app: typer.Typer) -> None:
    """Add `performance` and its commands."""
    app.add_typer(_performance, name="performance")


@command(_performance, "show")
def show(
    session: Session,
    name: PortfolioName,
    period: PeriodOption = "1d",
    strategy: Annotated[
        str | None, typer.Option("--strategy", metavar="NAME", help="Only what this one made.")
    ] = None,
    symbol: Annotated[
        str | None, typer.Option("--symbol", metavar="NAME", help="Only what this one made.")
    ] = None,
    exchange: Exchange = None,
    start: MaybeStart = None,
    end: MaybeEnd = None,
    limit: Limit = None,
) -> None:
    """Show the windows of a portfolio, or of one strategy or symbol of it.

    What a measure cannot say is a dash; below the table is why, for the last window.
    """
    with session.connect() as db:
        found = db.analytics.performance(
            name, period, strategy=strategy, symbol=symbol, exchange=exchange, start=start,
            end=end, limit=listing.asked(session, limit),
        )  # fmt: skip
        if not found:
            tell_no_windows(
                session, db, name, period, strategy=strategy, symbol=symbol, exchange=exchange
            )
    if session.json:
        output.emit(found)
        return
    shown, line = listing.cut(found, limit, "windows")
    output.table(
        ["window (UTC)", "through (UTC)", *_RATIOS, *_TRADES, *_MARKS],
        [(one.timestamp, one.through, *_row(one)) for one in shown],
        right=[*_RATIOS, *_TRADES, *_MARKS],
    )
    _explain(shown)
    output.say(line)


@command(_performance, "compare")
def compare(
    session: Session,
    names: Names = None,
    period: PeriodOption = "1d",
    by: Annotated[
        Literal["portfolio", "strategy", "symbol"],
        typer.Option("--by", case_sensitive=False, help="What is set side by side."),
    ] = "portfolio",
    at: Annotated[
        datetime | None,
        typer.Option(
            "--at", parser=parsed_time, metavar="TIME", help="The window that has this moment."
        ),
    ] = None,
) -> None:
    """Set portfolios, or their strategies or symbols, side by side: the newest window of each."""
    with session.connect() as db:
        found = db.analytics.compare(names or None, period, by=by, at=at)
        if not found:
            tell_nothing_compared(session, db, names)
    if session.json:
        output.emit(found)
        return
    output.table(
        ["portfolio", "of", "window (UTC)", *_RATIOS, *_TRADES],
        [(one.portfolio, _part(one), one.timestamp, *_row(one)[: -len(_MARKS)]) for one in found],
        right=[*_RATIOS, *_TRADES],
    )
    output.say(f"{len(found):,} windows")


@command(_performance, "refresh")
def refresh(
    session: Session,
    names: Names = None,
    as_of: AsOf = None,
    from_scratch: Annotated[
        bool,
        typer.Option(
            "--from-scratch", help="Reckon all windows again, as far as they go, from the books."
        ),
    ] = False,
) -> None:
    """Bring performance up to date, as the job refresh_performance does every minute."""
    with session.connect() as db:
        act = db.analytics.recompute if from_scratch else db.analytics.refresh
        done = act(names or None, as_of=as_of)
    if session.json:
        output.emit(done)
        return
    output.say(
        f"{done.rows:,} rows of {done.portfolios:,} portfolios;"
        f" history of {done.recomputed:,} had changed"
    )


def _row(one: Performance) -> list[object]:
    interval = (
        None
        if one.sharpe_low is None or one.sharpe_high is None
        else f"{one.sharpe_low:.1f} to {one.sharpe_high:.1f}"
    )
    return [
        _percent(one.total_return),
        _number(one.sharpe_ratio),
        interval,
        _number(one.sortino_ratio),
        _number(one.calmar_ratio),
        _percent(one.max_drawdown),
        one.total_trades,
        _percent(one.win_rate),
        _number(one.profit_factor),
        money(one.fees),
        _number(one.slippage_bps),
        one.gaps,
        one.revision,
    ]


def _percent(value: float | None) -> str | None:
    return None if value is None else f"{value * 100:.4g} %"


def _number(value: float | None) -> str | None:
    return None if value is None else f"{value:.4g}"


def _part(one: Performance) -> str:
    if one.symbol is not None:
        return f"{one.symbol} on {one.exchange}"
    return one.strategy or "all of it"


def _explain(shown: Sequence[Performance]) -> None:
    """Why measures of the last window have no value, and what lacks a price."""
    if not shown:
        return
    last = shown[-1]
    why: dict[str, list[str]] = {}
    for measure, reason in last.reasons.items():
        why.setdefault(reason, []).append(measure)
    for reason, measures in sorted(why.items()):
        output.say(f"{reason.lower().replace('_', ' ')}: {', '.join(sorted(measures))}")
    for what, lack in last.lacking.items():
        output.say(f"no price for {what} at {lack['moments']:,} moments, last {lack['last']}")
