"""`db.jobs`: scheduled work, its runs and its alerts."""

from __future__ import annotations

from cryptoscalp.infra.db.face import D_co, Face, operation
from cryptoscalp.infra.jobs.asking import run_job
from cryptoscalp.infra.jobs.overview import history, list_jobs, overview
from cryptoscalp.infra.jobs.records import alerts


class Jobs(Face[D_co]):
    """What is declared, how it is doing, what ran; and running a job now."""

    __slots__ = ()

    list = operation(list_jobs, retry=True)
    overview = operation(overview, retry=True)
    run = operation(run_job)
    history = operation(history, retry=True)
    alerts = operation(alerts, retry=True)
