"""The scheduled jobs of retention."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from cryptoscalp.infra.cold.lake import Lake
from cryptoscalp.infra.db.errors import CryptoscalpError
from cryptoscalp.infra.db.flow import Flow, using
from cryptoscalp.infra.jobs.types import Job, Outcome
from cryptoscalp.retention.expiring import finish_expired
from cryptoscalp.retention.planning import BY_DAY, BY_ROW
from cryptoscalp.retention.running import run
from cryptoscalp.retention.sweeping import sweep
from cryptoscalp.retention.types import Report
from cryptoscalp.retention.verifying import verify

#: Share of the time that a job moves days; a run by hand does not rest.
PACE: Final = 0.25
#: Days that a weekly verification reads back.
SAMPLE_DAYS: Final = 50
_REGULATED: Final = tuple(kept for kept in BY_DAY if kept.cold is not None)
_OPERATIONAL: Final = tuple(kept.table for kept in (*BY_DAY, *BY_ROW) if kept.cold is None)


class RetentionFailed(CryptoscalpError):
    """Days that were due could not move, or the cold tier is not what the ledger says."""


def move_to_cold() -> Flow[Outcome]:
    """Move regulated days that are old enough to the cold tier."""
    report = yield from run([kept.table for kept in _REGULATED], destroy=False, pace=PACE)
    if not report.done and not (yield from using(Lake, lambda lake: lake.writable)):
        return Outcome(0, "nothing is due; set CRYPTOSCALP_COLD_WAREHOUSE before something is")
    return _outcome(report, "moved to the cold tier")


def drop_operational() -> Flow[Outcome]:
    """Delete operational rows over 30 days old."""
    report = yield from run(_OPERATIONAL)
    return _outcome(report, "dropped")


def expire_cold() -> Flow[Outcome]:
    """Take days out of the cold tier whose seven years are over."""
    report = yield from run([kept.table for kept in _REGULATED], only="expire")
    for kept in _REGULATED:
        assert kept.cold is not None
        yield from finish_expired(kept.cold)
    return _outcome(report, "expired")


def verify_cold() -> Flow[Outcome]:
    """Read back the days of the cold tier that were verified the longest ago."""
    found = yield from verify(sample=SAMPLE_DAYS)
    if found.damaged:
        first = found.damaged[0]
        raise RetentionFailed(
            f"{len(found.damaged)} parts of the cold tier are damaged: {first.part.table} of"
            f" {first.part.day}, {first.part.symbol} on {first.part.exchange}: {first.detail};"
            " run: cryptoscalp retention verify"
        )
    return Outcome(found.rows, f"{found.parts:,} parts of {found.days:,} days agree")


def sweep_cold_files() -> Flow[Outcome]:
    """Delete files of the cold tier that nothing has referred to for 30 days."""
    waiting, gone = yield from sweep()
    return Outcome(gone, f"{gone:,} files deleted, {waiting:,} are waiting")


def _outcome(report: Report, what: str) -> Outcome:
    if report.failed:
        first = report.failed[0]
        raise RetentionFailed(
            f"{len(report.failed)} of {len(report.done)} pieces could not move, {first.table}"
            f" of {first.day} for one: {first.detail}"
        )
    moved = [one for one in report.done if one.outcome != "skipped"]
    left = len(report.done) - len(moved)
    more = f", {left:,} left for the next run" if left else ""
    return Outcome(report.rows, f"{len(moved):,} pieces {what}{more}")


_HOUR: Final = timedelta(hours=1)

JOBS: Final[tuple[Job, ...]] = (
    Job("move_to_cold", "move closed days of regulated tables to the cold tier", "25 * * * *",
        move_to_cold, "retention", timeout=12 * _HOUR, window=24 * _HOUR),
    Job("drop_operational", "delete operational rows over 30 days old", "40 2 * * *",
        drop_operational, "retention", timeout=4 * _HOUR, window=72 * _HOUR),
    Job("expire_cold", "take days out of the cold tier after seven years", "10 3 * * *",
        expire_cold, "retention", timeout=4 * _HOUR, window=72 * _HOUR),
    Job("verify_cold", "read a sample of the cold tier back", "30 3 * * 0",
        verify_cold, "verify_cold", timeout=12 * _HOUR, window=240 * _HOUR),
    Job("sweep_cold_files", "delete files that nothing has referred to for 30 days", "50 3 * * *",
        sweep_cold_files, "sweep_cold_files", timeout=4 * _HOUR, window=72 * _HOUR),
)  # fmt: skip
