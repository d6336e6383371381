"""Scheduled work on risk: what open portfolios may lose, and whether their VaR held."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptoscalp.infra.db.errors import CryptoscalpError, DatabaseError
from cryptoscalp.infra.db.flow import Flow
from cryptoscalp.infra.jobs.types import Job, Outcome
from cryptoscalp.risk.backtests import TESTED, record_backtests
from cryptoscalp.risk.measuring import asked
from cryptoscalp.risk.price_moves import ReadMoves
from cryptoscalp.risk.recording import recorded
from cryptoscalp.trading.portfolios import portfolios

#: Portfolios named in an error.
_TOLD: Final = 5


def record_risk() -> Flow[Outcome]:
    """Record the risk of every open portfolio, as of the minute that has begun.

    One that cannot be measured does not keep the others from it; DatabaseError names it.
    """
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    read: ReadMoves = {}

    def of(name: str) -> Flow[int]:
        return len((yield from recorded(name, now, asked(), read)))

    return (yield from _each(of, "rows of risk metrics"))


def backtest_risk() -> Flow[Outcome]:
    """Compare the VaR of the last 30 days with what followed, for every open portfolio."""
    end = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)

    def of(name: str) -> Flow[int]:
        return len((yield from record_backtests(name, end - TESTED, end)))

    return (yield from _each(of, "back-tests"))


def _each(work: Callable[[str], Flow[int]], what: str) -> Flow[Outcome]:
    every = yield from portfolios()
    names = [one.name for one in every if one.closed_at is None]
    count, failed = 0, []
    for name in names:
        try:
            count += yield from work(name)
        except CryptoscalpError as error:
            failed.append(f"{name}: {error}")
    if failed:
        more = f" and {len(failed) - _TOLD:,} more" if len(failed) > _TOLD else ""
        raise DatabaseError(
            f"{len(failed):,} of {len(names):,} portfolios have no new {what}:"
            f" {'; '.join(failed[:_TOLD])}{more}"
        )
    return Outcome(count, f"{count:,} {what} of {len(names):,} open portfolios")


JOBS: Final[tuple[Job, ...]] = (
    Job("record_risk", "record what open portfolios may lose", "*/5 * * * *",
        record_risk, "record_risk", timeout=timedelta(minutes=10), window=timedelta(hours=1)),
    Job("backtest_risk", "compare the recorded VaR with what followed", "20 2 * * *",
        backtest_risk, "backtest_risk", timeout=timedelta(hours=1), window=timedelta(days=2)),
)  # fmt: skip
