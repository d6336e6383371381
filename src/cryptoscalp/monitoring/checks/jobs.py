"""Scheduled work: workers are there, no job is late, no alert stands."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from cryptoscalp.infra.db.flow import Flow, rows, using
from cryptoscalp.infra.jobs.queue import installed
from cryptoscalp.infra.jobs.records import newest_runs
from cryptoscalp.infra.jobs.types import Job
from cryptoscalp.monitoring.types import Check, Problem, Surroundings, Verdict, judged, skipped

#: A worker that was not heard of for so long is gone.
_SILENT: Final = timedelta(minutes=5)
_WORKER: Final = "keep `cryptoscalp worker` running; `cryptoscalp up` has one"


def jobs() -> Flow[Verdict]:
    """Every job has succeeded within its window, and somebody is there to run the next."""
    declared = yield from using(Surroundings, lambda around: around.jobs)
    queue = yield from installed()
    if queue is None:
        told = "the database has no queue of jobs"
        return judged("", [Problem("FAIL", told, "cryptoscalp db upgrade")])
    if not declared:
        return skipped("no job is declared")
    found = yield from rows(
        # A worker that ended well has taken its heartbeat with it; its runs stay.
        "SELECT now(), greatest((SELECT max(started_at) FROM job_runs),"
        "  (SELECT max(last_heartbeat) FROM procrastinate.procrastinate_workers)),"
        " (SELECT count(*) FROM procrastinate.procrastinate_workers"
        "  WHERE last_heartbeat > now() - %s)",
        (_SILENT,),
    )
    now, heard, workers = found[0]
    problems = yield from _late(declared, queue.since, now)
    if not workers and now - queue.since > _SILENT:
        told = f"no worker was heard of since {heard:%Y-%m-%d %H:%M}" if heard else (
            "no worker has run yet"
        )  # fmt: skip
        problems.append(Problem("WARN", told, _WORKER))
    return judged(f"{len(declared)} jobs in time, {workers} workers", problems)


def _late(declared: tuple[Job, ...], since: datetime, now: datetime) -> Flow[list[Problem]]:
    runs = yield from newest_runs([job.name for job in declared])
    problems = []
    for job, (succeeded, last) in zip(declared, runs, strict=True):
        if now - (succeeded or since) <= job.window:
            continue
        when = f"since {succeeded:%Y-%m-%d %H:%M}" if succeeded else "yet"
        told = f"job {job.name} has not succeeded {when}, it should every {job.window}"
        if last is not None and last.error:
            told += f"; its last run says: {last.error}"
        problems.append(Problem("FAIL", told, f"cryptoscalp jobs run {job.name}; {_WORKER}"))
    return problems


def alerts() -> Flow[Verdict]:
    """Nothing waits for somebody to look at it."""
    found = yield from rows(
        "SELECT source, name, message, raised_at, times FROM alerts"
        " WHERE cleared_at IS NULL ORDER BY last_at DESC, alert_id DESC"
    )
    problems = [
        Problem("FAIL", f"{source} {name}: {message} (since {raised:%Y-%m-%d %H:%M}, {times}×)",
                f"cryptoscalp jobs history {name}" if source == "job"
                else "cryptoscalp retention verify" if source == "cold tier" else f"look at {name}")
        for source, name, message, raised, times in found
    ]  # fmt: skip
    return judged("none is open", problems)


CHECKS: Final = (
    Check("jobs", "jobs succeed in time, workers are there", jobs),
    Check("alerts", "no alert is open", alerts),
)
