"""Why an answer about risk or performance is empty, told on stderr beside the empty answer."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from cryptoscalp.cli import output
from cryptoscalp.cli.session import Session
from cryptoscalp.cli.times import readable

if TYPE_CHECKING:
    from cryptoscalp.analytics.windows import Period
    from cryptoscalp.database import Database
    from cryptoscalp.risk.choices import RiskScope


def tell_no_windows(
    session: Session,
    db: Database,
    portfolio: str,
    period: Period,
    *,
    strategy: str | None = None,
    symbol: str | None = None,
    exchange: str | None = None,
) -> None:
    """Say why a portfolio, or a strategy or symbol of it, has no window of performance."""
    part = strategy or symbol
    if db.analytics.performance(
        portfolio, period, strategy=strategy, symbol=symbol, exchange=exchange, limit=1
    ):
        output.tell(f"no window of {period} begins in this range")
        return
    refresh = session.again(f"performance refresh {portfolio}")
    whole = db.analytics.performance(portfolio, "all", limit=1)
    if part and whole:
        until = readable(whole[0].through)
        output.tell(f"{portfolio} never held anything of {part} until {until} (UTC); `{refresh}`")
    elif not whole and db.trading.trades(portfolio, limit=1):
        output.tell(
            f"{portfolio} has trades, and its performance was never reckoned: `{refresh}` does it,"
            " else the job refresh_performance every minute"
        )
    elif not whole:
        output.tell(f"{portfolio} has no trades, and no performance")
    else:
        output.tell(f"no window of {period} is reckoned; `{refresh}`")


def tell_nothing_compared(session: Session, db: Database, names: list[str] | None) -> None:
    """Say that performance has to be refreshed, where there are trades to reckon it from."""
    names = names or [one.name for one in db.trading.portfolios()]
    traded = [name for name in names if db.trading.trades(name, limit=1)]
    reckoned = [name for name in traded if db.analytics.performance(name, "all", limit=1)]
    if traded and not reckoned:
        again = session.again("performance refresh")
        output.tell(f"{', '.join(traded)}: there are trades, and no performance yet; `{again}`")


def tell_no_risk(
    session: Session,
    db: Database,
    portfolio: str,
    scope: RiskScope,
    subject: str | None,
    start: datetime | None,
    end: datetime | None,
) -> None:
    """Say why nothing is recorded of a portfolio's risk, or of a part of it."""
    record = session.again(f"risk record {portfolio}")
    of = f"{scope.lower()} {subject}" if subject else f"any {scope.lower()}"
    whole = db.risk.history(portfolio, start, end, estimator=None, limit=1)
    if whole and scope != "PORTFOLIO":
        output.tell(f"{portfolio} held nothing of {of} whenever its risk was recorded")
    elif whole:
        output.tell("risk was recorded by other estimators only (--estimator)")
    elif (start or end) and db.risk.history(portfolio, estimator=None, limit=1):
        output.tell("nothing is recorded in this range")
    else:
        output.tell(
            f"no risk of {portfolio} is recorded yet: `{record}` does it, else the job record_risk"
            " every 5 minutes"
        )
