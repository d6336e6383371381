"""Scheduled work on the books: the proof that every sum holds."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from cryptoscalp.infra.db.errors import IntegrityRefused
from cryptoscalp.infra.db.flow import Flow
from cryptoscalp.infra.jobs.types import Job, Outcome
from cryptoscalp.trading.reports import check_books as differences
from cryptoscalp.trading.reports import count_books

#: Differences named in an error.
_TOLD: Final = 5


def check_books() -> Flow[Outcome]:
    """Reckon every sum of the books again; IntegrityRefused with what differs when one does not."""
    found = yield from differences()
    if found:
        told = "; ".join(
            f"{one.portfolio}, {one.subject}: {one.what}, {one.stored} is stored, the rows come to"
            f" {one.reckoned}"
            for one in found[:_TOLD]
        )
        more = f" and {len(found) - _TOLD:,} more" if len(found) > _TOLD else ""
        raise IntegrityRefused(
            f"sums of the books that do not hold: {told}{more}; somebody wrote past the triggers:"
            " `cryptoscalp books check` shows all of them"
        )
    counts = yield from count_books()
    return Outcome(
        counts.trades,
        f"{counts.positions:,} positions and {counts.trades:,} trades of {counts.portfolios:,}"
        " portfolios agree with the cash ledger",
    )


JOBS: Final[tuple[Job, ...]] = (
    Job("check_books", "prove that every sum of the books holds", "40 1 * * *",
        check_books, "check_books", timeout=timedelta(hours=1), window=timedelta(days=2)),
)  # fmt: skip
