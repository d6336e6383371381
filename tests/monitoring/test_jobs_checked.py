"""Late jobs and workers that are not there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from cryptoscalp import AsyncDatabase
from cryptoscalp.jobs import JOBS
from tests.monitoring.asking import one
from tests.monitoring.conftest import SINCE, Breaking
from tests.postgres import Place


def ended(database: Place, job: str, ago: str, error: str | None) -> None:
    """A run of a job, so long ago; it succeeded unless there is an error."""
    with psycopg.connect(database.admin_dsn) as admin:
        admin.execute(
            "INSERT INTO job_runs (job, worker, state, started_at, finished_at, error)"
            " SELECT %s, 'here 1', %s::run_state, at, at, %s FROM (SELECT now() - %s::interval)"
            " AS run (at)",
            (job, "FAILED" if error else "SUCCEEDED", error, ago),
        )


@pytest.fixture
def waiting(breaking: Breaking) -> None:
    """A queue that was installed long ago."""
    since = (datetime.now(UTC) - timedelta(days=400)).isoformat(timespec="seconds")
    breaking(SINCE.format(since=since))


@pytest.mark.usefixtures("waiting")
async def test_jobs_that_never_ran(db: AsyncDatabase) -> None:
    found = await one(db, "jobs")
    assert found.status == "FAIL"
    told = [problem.found for problem in found.problems]
    assert len(told) == len(JOBS) + 1
    assert told[0].startswith(f"job {JOBS[0].name} has not succeeded yet")
    assert told[-1] == "no worker has run yet"


@pytest.mark.usefixtures("waiting")
async def test_jobs_in_time_without_and_with_a_worker(
    db: AsyncDatabase, database: Place, breaking: Breaking
) -> None:
    for job in JOBS:
        ended(database, job.name, "0 days", None)
    alone = await one(db, "jobs")
    assert alone.status == "WARN"
    assert "no worker was heard of since 20" in alone.found
    breaking("INSERT INTO procrastinate.procrastinate_workers DEFAULT VALUES")
    assert (await one(db, "jobs")).status == "OK"
    breaking(
        "UPDATE procrastinate.procrastinate_workers"
        " SET last_heartbeat = now() - interval '10 minutes'"
    )
    gone = await one(db, "jobs")
    assert gone.status == "WARN"
    assert "no worker was heard of since 20" in gone.found


@pytest.mark.usefixtures("waiting")
async def test_a_late_job_says_why(db: AsyncDatabase, database: Place, breaking: Breaking) -> None:
    job = JOBS[0]
    breaking("INSERT INTO procrastinate.procrastinate_workers DEFAULT VALUES")
    ended(database, job.name, "100 days", None)
    ended(database, job.name, "0 days", "disk full")
    found = await one(db, "jobs")
    (told,) = [problem for problem in found.problems if f"job {job.name} " in problem.found]
    assert told.status == "FAIL"
    assert "its last run says: disk full" in told.found
    assert told.hint.startswith(f"cryptoscalp jobs run {job.name}")
