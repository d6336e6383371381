"""Performance analytics: scheduled work."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from cryptoscalp.analytics.refresh import refresh
from cryptoscalp.infra.db.flow import Flow
from cryptoscalp.infra.jobs.types import Job, Outcome


def refresh_performance() -> Flow[Outcome]:
    """Bring the performance of all portfolios up to the minutes that have ended."""
    done = yield from refresh()
    return Outcome(
        done.rows,
        f"{done.rows:,} rows of {done.portfolios:,} portfolios, history of {done.recomputed:,}"
        " had changed",
    )


JOBS: Final[tuple[Job, ...]] = (
    Job("refresh_performance", "bring performance up to the minutes that have ended", "* * * * *",
        refresh_performance, "refresh_performance", timeout=timedelta(minutes=30),
        window=timedelta(hours=1)),
)  # fmt: skip
