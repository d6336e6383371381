"""Flows: how scheduled work is doing."""

from __future__ import annotations

from datetime import datetime

from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.infra.db.flow import Flow, rows, using
from cryptoscalp.infra.jobs import records
from cryptoscalp.infra.jobs.queue import installed
from cryptoscalp.infra.jobs.schedule import next_moment
from cryptoscalp.infra.jobs.types import Alert, Health, Job, Overview, Run
from cryptoscalp.infra.jobs.workshop import Workshop


def list_jobs() -> Flow[list[Health]]:
    """Every declared job with its last runs.

    A job is late when its last success, or where there is none the moment since which jobs are
    expected (the database's first upgrade), is longer ago than its window.
    """
    jobs = yield from using(Workshop, lambda workshop: workshop.jobs)
    found = yield from installed()
    newest = yield from records.newest_runs([job.name for job in jobs])
    alerts = yield from records.alerts()
    now = yield from rows("SELECT now()")
    told = {alert.name: alert.message for alert in alerts if alert.source == "job"}
    since = found.since if found else None
    return [
        _health(job, now[0][0], since, succeeded, last, told.get(job.name))
        for job, (succeeded, last) in zip(jobs, newest, strict=True)
    ]


def overview(alive_s: float = 60.0) -> Flow[Overview]:
    """All jobs, open alerts and workers, and what is wrong.

    A worker counts as alive when it was heard of within `alive_s` seconds.
    """
    jobs = yield from list_jobs()
    alerts = yield from records.alerts()
    workers = yield from rows(
        "SELECT count(*) FROM procrastinate.procrastinate_workers"
        " WHERE last_heartbeat > now() - %s * interval '1 second'",
        (alive_s,),
    )
    seen = yield from rows("SELECT EXISTS (SELECT FROM job_runs)")
    return Overview(jobs, alerts, workers[0][0], seen[0][0], _wrong(jobs, alerts))


def history(name: str | None = None, limit: int = 20, failed: bool = False) -> Flow[list[Run]]:
    """The newest runs, of one job or of all, newest first; `failed`: without those that succeeded.

    A run that is LOST counts as failed. The name may be of a job that is not declared any more;
    InputError when it never ran either.
    """
    if limit < 1:
        raise InputError(f"limit={limit}: ask for at least one run")
    found = yield from records.history(name, limit, failed)
    if name is not None and not found and not (yield from records.newest_id(name)):
        yield from using(Workshop, lambda workshop: workshop.job(name))
    return found


def _health(
    job: Job,
    now: datetime,
    since: datetime | None,
    succeeded: datetime | None,
    last: Run | None,
    alert: str | None,
) -> Health:
    known = succeeded or since
    return Health(
        name=job.name,
        description=job.description,
        schedule=job.schedule,
        next_at=next_moment(job.schedule, now),
        last_success_at=succeeded,
        last_run=last,
        late=known is not None and now - known > job.window,
        alert=alert,
    )


def _wrong(jobs: list[Health], alerts: list[Alert]) -> list[str]:
    late = [
        f"{job.name} has not succeeded since {job.last_success_at:%Y-%m-%d %H:%M} UTC"
        if job.last_success_at
        else f"{job.name} has never succeeded"
        for job in jobs
        if job.late
    ]
    return [*late, *(f"alert of {alert.source} {alert.name}: {alert.message}" for alert in alerts)]
