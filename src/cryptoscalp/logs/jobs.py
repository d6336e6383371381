"""System logs: scheduled work."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from cryptoscalp.infra.db.flow import Flow, aside, rows
from cryptoscalp.infra.jobs.types import Job, Outcome
from cryptoscalp.infra.settings import Settings
from cryptoscalp.logs.collecting import collect
from cryptoscalp.market.partitions import ensure_partitions


def make_log_partitions() -> Flow[Outcome]:
    """Make the days of system_logs ahead (CRYPTOSCALP_PARTITION_DAYS_AHEAD)."""
    found = yield from rows("SELECT now()")
    today = found[0][0]
    last = today + timedelta(days=Settings().partition_days_ahead)
    made = yield from aside(lambda: ensure_partitions(today, last, ["system_logs"]))
    return Outcome(made, f"{made} made; days to {last:%Y-%m-%d} are there")


def collect_server_logs() -> Flow[Outcome]:
    """Put new lines of the embedded server's log files into system_logs."""
    done = yield from collect()
    if done.skipped is not None:
        return Outcome(0, f"skipped: {done.skipped}")
    return Outcome(done.records, f"{done.records:,} lines of {done.files} files")


JOBS: Final[tuple[Job, ...]] = (
    Job("make_log_partitions", "make the days of system_logs ahead", "17 * * * *",
        make_log_partitions, "log_partitions", timeout=timedelta(minutes=10),
        window=timedelta(hours=6)),
    Job("collect_server_logs", "put the server's own log into system_logs", "* * * * *",
        collect_server_logs, "collect_server_logs", timeout=timedelta(minutes=10),
        window=timedelta(hours=1)),
)  # fmt: skip
