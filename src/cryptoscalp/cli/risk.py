"""`cryptoscalp risk`: what a portfolio may lose, what was recorded of it, and whether it held."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from cryptoscalp.cli import listing, output
from cryptoscalp.cli.book_options import By, Limit, MaybeAt, PortfolioName, RateOption, rates_of
from cryptoscalp.cli.nothing_found import tell_no_risk
from cryptoscalp.cli.risk_options import (
    MONTH,
    Confidence,
    Estimator,
    Estimators,
    Horizon,
    Lookback,
    Scope,
    Subject,
    estimators_of,
)
from cryptoscalp.cli.session import Session, command
from cryptoscalp.cli.times import MaybeEnd, MaybeStart

if TYPE_CHECKING:
    from typing import TypedDict

    from cryptoscalp.market.types import Interval
    from cryptoscalp.risk.choices import Lacking, VarEstimator
    from cryptoscalp.trading.types import PriceKind, Rates

    class _Method(TypedDict):
        estimators: list[VarEstimator]
        confidence: float
        horizon: Interval
        lookback: timedelta
        by: PriceKind
        rates: Rates | None
        lacking: Lacking


#: Limits and the kill switch add their commands to it.
GROUP = typer.Typer(
    rich_markup_mode=None, help="What portfolios can lose, and what they are allowed to."
)
Strict = Annotated[
    bool,
    typer.Option("--strict", help="Refuse where something held has no candles; else it is named."),
]


def register(app: typer.Typer) -> None:
    """Add `risk` and its commands."""
    app.add_typer(GROUP, name="risk")


@command(GROUP, "show")
def show(
    session: Session,
    name: PortfolioName,
    at: MaybeAt = None,
    estimator: Estimators = None,
    confidence: Confidence = 0.95,
    horizon: Horizon = "1h",
    lookback: Lookback = MONTH,
    by: By = "last",
    rate: RateOption = None,
    strict: Strict = False,
) -> None:
    """Show what a portfolio and its parts may lose; nothing is stored.

    Losses are above zero. Parts are estimated by the first estimator.
    """
    from cryptoscalp.cli.risk_view import show_metrics

    method = _method(estimator, confidence, horizon, lookback, by, rates_of(rate), strict)
    with session.connect() as db:
        found = db.risk.measure(name, at, **method)
    if session.json:
        output.emit(found)
    else:
        show_metrics(found)


@command(GROUP, "record")
def record(
    session: Session,
    name: PortfolioName,
    at: MaybeAt = None,
    estimator: Estimators = None,
    confidence: Confidence = 0.95,
    horizon: Horizon = "1h",
    lookback: Lookback = MONTH,
    by: By = "last",
    rate: RateOption = None,
    strict: Strict = False,
) -> None:
    """Show what a portfolio may lose, and keep it; the job record_risk does so every 5 minutes.

    The same moment again is kept only where late data have changed it, as a further revision.
    """
    from cryptoscalp.cli.risk_view import show_metrics

    method = _method(estimator, confidence, horizon, lookback, by, rates_of(rate), strict)
    with session.connect() as db:
        found = db.risk.record(name, at, **method)
    if session.json:
        output.emit(found)
    else:
        show_metrics(found)


def _method(
    estimator: list[str] | None,
    confidence: float,
    horizon: Interval,
    lookback: float,
    by: PriceKind,
    rates: Rates | None,
    strict: bool,
) -> _Method:
    return {
        "estimators": estimators_of(estimator),
        "confidence": confidence,
        "horizon": horizon,
        "lookback": timedelta(seconds=lookback),
        "by": by,
        "rates": rates,
        "lacking": "refuse" if strict else "flag",
    }


@command(GROUP, "history")
def history(
    session: Session,
    name: PortfolioName,
    start: MaybeStart = None,
    end: MaybeEnd = None,
    scope: Scope = "PORTFOLIO",
    subject: Subject = None,
    estimator: Estimator = "HISTORICAL",
    revisions: Annotated[
        bool, typer.Option("--revisions", help="Also what was recorded before late data came.")
    ] = False,
    limit: Limit = None,
) -> None:
    """Show what was recorded of a portfolio's risk, the newest last."""
    from cryptoscalp.cli.risk_view import show_history

    with session.connect() as db:
        found = db.risk.history(
            name, start, end, scope=scope, subject=subject, estimator=estimator,
            revisions=revisions, limit=listing.asked(session, limit) or 100_000,
        )[::-1]  # fmt: skip
        if not found:
            tell_no_risk(session, db, name, scope, subject, start, end)
    if session.json:
        output.emit(found)
        return
    shown, told = listing.cut(found, limit, "rows")
    show_history(shown)
    output.say(told)


@command(GROUP, "backtest")
def backtest(
    session: Session,
    name: PortfolioName,
    start: MaybeStart = None,
    end: MaybeEnd = None,
    estimator: Estimators = None,
    confidence: Confidence = 0.95,
    horizon: Horizon = "1h",
    lookback: Lookback = MONTH,
    scope: Scope = "PORTFOLIO",
    subject: Subject = None,
    keep: Annotated[
        bool, typer.Option("--record", help="Keep the outcome, as the job backtest_risk does.")
    ] = False,
) -> None:
    """Compare the recorded VaR of the last 30 days, or a range, with what followed.

    The P&L is hypothetical: of the positions as they were then. Small p-values reject the VaR.
    """
    from cryptoscalp.cli.risk_view import show_backtests

    with session.connect() as db:
        test = db.risk.record_backtest if keep else db.risk.backtest
        found = [
            test(
                name, start, end, scope=scope, subject=subject or "", estimator=one,
                confidence=confidence, horizon=horizon, lookback=timedelta(seconds=lookback),
            )
            for one in estimators_of(estimator)
        ]  # fmt: skip
    if session.json:
        output.emit(found)
    else:
        show_backtests(found)
