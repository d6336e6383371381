"""Flows: what is recorded of runs, and the alerts that failures raise."""

from __future__ import annotations

import json
import logging
from datetime import datetime
from typing import Final, LiteralString

from psycopg import sql

from cryptoscalp.infra.db.flow import Flow, rows, run
from cryptoscalp.infra.jobs.types import Alert, Outcome, Run

_log: Final = logging.getLogger(__name__)
#: Channel of the notification that every alert sends.
CHANNEL: Final = "cryptoscalp_alerts"
_RUN: Final = (
    "run_id, job, state::text, attempt, worker, started_at, finished_at, rows, detail, error"
)
_ALERT: Final = "alert_id, source, name, message, times, raised_at, last_at, cleared_at"
_SHORT: Final = 500
_FAILURES: Final[LiteralString] = """
    SELECT count(*) FROM job_runs WHERE job = %(job)s AND state IN ('FAILED', 'LOST')
       AND started_at > coalesce((SELECT max(started_at) FROM job_runs
                                  WHERE job = %(job)s AND state = 'SUCCEEDED'), '-infinity')
"""


def begin(job: str, worker: str, queue_id: int) -> Flow[Run]:
    """Record that a run starts; the caller holds the job's lock, so no other one runs.

    Its attempt is one more than the failures since the last success.
    """
    yield from _lose(job)
    found = yield from rows(
        sql.SQL(
            "INSERT INTO job_runs (job, worker, queue_id, attempt)"
            " SELECT %(job)s, %(worker)s, %(queue)s, 1 + ({failures}) RETURNING {run}"
        ).format(failures=sql.SQL(_FAILURES), run=sql.SQL(_RUN)),
        {"job": job, "worker": worker, "queue": queue_id},
    )
    return Run(*found[0])


def succeed(run_id: int, outcome: Outcome) -> Flow[Run]:
    """Record the end of a run that did its work, and clear the job's alert."""
    ended = yield from _end(run_id, "SUCCEEDED", outcome, None)
    yield from clear_alert("job", ended.job)
    return ended


def fail(run_id: int, error: str, alert: str | None) -> Flow[Run]:
    """Record the end of a run that failed; `alert` is what to raise, if anything."""
    ended = yield from _end(run_id, "FAILED", None, error)
    if alert is not None:
        yield from raise_alert("job", ended.job, alert)
    return ended


def release(run_id: int, why: str) -> Flow[Run]:
    """Record that a run was cut off by the end of its worker."""
    return (yield from _end(run_id, "LOST", None, why))


def lose(job: str, retries: int | None) -> Flow[int]:
    """Record that the run of a job whose worker went away is lost.

    Returns the failures since the last success; more of them than `retries` raise an alert.
    """
    yield from _lose(job)
    count = yield from failures(job)
    if retries is not None and count > retries:
        message = f"{job} failed {count} times in a row: its worker vanished"
        yield from raise_alert("job", job, message)
    return count


def failures(job: str) -> Flow[int]:
    """How many runs of a job have failed or were lost since its last success."""
    found = yield from rows(_FAILURES, {"job": job})
    count: int = found[0][0]
    return count


def raise_alert(source: str, name: str, message: str) -> Flow[None]:
    """Open an alert, or count it once more when it is open.

    It is logged as a warning, and heard by whoever listens to the channel cryptoscalp_alerts.
    """
    yield from run(
        "INSERT INTO alerts (source, name, message) VALUES (%s, %s, %s)"
        " ON CONFLICT (source, name) WHERE cleared_at IS NULL DO UPDATE"
        " SET times = alerts.times + 1, last_at = now(), message = EXCLUDED.message",
        (source, name, message),
    )
    yield from _notify(source, name, "raised", message)
    _log.warning("alert of %s %s: %s", source, name, message)


def clear_alert(source: str, name: str) -> Flow[None]:
    """Close the alert of a source and name, when one is open."""
    cleared = yield from run(
        "UPDATE alerts SET cleared_at = now()"
        " WHERE source = %s AND name = %s AND cleared_at IS NULL",
        (source, name),
    )
    if cleared:
        yield from _notify(source, name, "cleared", "")


def ended_after(job: str, run_id: int) -> Flow[Run | None]:
    """The first run of a job after another one that has succeeded or failed."""
    found = yield from rows(
        sql.SQL(
            "SELECT {} FROM job_runs WHERE job = %s AND run_id > %s"
            " AND state IN ('SUCCEEDED', 'FAILED') ORDER BY run_id LIMIT 1"
        ).format(sql.SQL(_RUN)),
        (job, run_id),
    )
    return Run(*found[0]) if found else None


def newest_id(job: str) -> Flow[int]:
    """Number of the newest run of a job; 0 before the first."""
    found = yield from rows("SELECT coalesce(max(run_id), 0) FROM job_runs WHERE job = %s", (job,))
    number: int = found[0][0]
    return number


def newest_runs(jobs: list[str]) -> Flow[list[tuple[datetime | None, Run | None]]]:
    """For each job, in order, the end of its last success and its newest run."""
    found = yield from rows(
        sql.SQL(
            "SELECT succeeded.finished_at, newest.*"
            " FROM unnest(%s::text[]) WITH ORDINALITY AS asked (name, place)"
            " LEFT JOIN LATERAL (SELECT finished_at FROM job_runs WHERE job = name"
            "   AND state = 'SUCCEEDED' ORDER BY started_at DESC LIMIT 1) AS succeeded ON true"
            " LEFT JOIN LATERAL (SELECT {} FROM job_runs WHERE job = name"
            "   ORDER BY started_at DESC, run_id DESC LIMIT 1) AS newest ON true ORDER BY place"
        ).format(sql.SQL(_RUN)),
        (jobs,),
    )
    return [(row[0], None if row[1] is None else Run(*row[1:])) for row in found]


def history(name: str | None = None, limit: int = 20, failed: bool = False) -> Flow[list[Run]]:
    """The newest runs, of one job or of all, newest first; `failed`: without those that succeeded.

    A run that is LOST counts as failed.
    """
    found = yield from rows(
        sql.SQL(
            "SELECT {} FROM job_runs WHERE (%(job)s::text IS NULL OR job = %(job)s)"
            " AND (NOT %(failed)s OR state IN ('FAILED', 'LOST'))"
            " ORDER BY started_at DESC, run_id DESC LIMIT %(limit)s"
        ).format(sql.SQL(_RUN)),
        {"job": name, "failed": failed, "limit": limit},
        prepare=False,
    )
    return [Run(*row) for row in found]


def alerts(cleared: bool = False, limit: int = 100) -> Flow[list[Alert]]:
    """Open alerts, newest first; with `cleared` those that are over too."""
    found = yield from rows(
        sql.SQL(
            "SELECT {} FROM alerts WHERE %s OR cleared_at IS NULL"
            " ORDER BY last_at DESC, alert_id DESC LIMIT %s"
        ).format(sql.SQL(_ALERT)),
        (cleared, limit),
    )
    return [Alert(*row) for row in found]


def _lose(job: str) -> Flow[int]:
    return (
        yield from run(
            "UPDATE job_runs SET state = 'LOST', finished_at = now(),"
            " error = 'its worker went away before the end' WHERE job = %s AND state = 'RUNNING'",
            (job,),
        )
    )


def _end(run_id: int, state: str, outcome: Outcome | None, error: str | None) -> Flow[Run]:
    # Also over LOST: a worker that was silent too long and came back knows how its run ended.
    found = yield from rows(
        sql.SQL(
            "UPDATE job_runs SET state = %s::run_state, finished_at = clock_timestamp(),"
            " rows = %s, detail = %s, error = %s WHERE run_id = %s RETURNING {}"
        ).format(sql.SQL(_RUN)),
        (
            state,
            None if outcome is None else outcome.rows,
            (outcome.detail or None) if outcome else None,
            error,
            run_id,
        ),
    )
    return Run(*found[0])


def _notify(source: str, name: str, state: str, message: str) -> Flow[None]:
    told = {"source": source, "name": name, "state": state, "message": message[:_SHORT]}
    yield from rows("SELECT pg_notify(%s, %s)", (CHANNEL, json.dumps(told)))
