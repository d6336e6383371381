"""Jobs of a few lines, and what runs them, at a pace that tests can wait for."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from cryptoscalp.infra.db.drivers import AsyncDriver, SyncDriver
from cryptoscalp.infra.db.flow import Flow, call
from cryptoscalp.infra.db.resources import Resources
from cryptoscalp.infra.jobs.background import Background
from cryptoscalp.infra.jobs.face import Jobs
from cryptoscalp.infra.jobs.pace import Pace
from cryptoscalp.infra.jobs.types import Job, Outcome, Run
from cryptoscalp.infra.jobs.workshop import Workshop

QUICK = Pace(heartbeat_s=0.1, stalled_s=0.5, poll_s=0.1, pause_s=0.05, grace_s=5.0)
#: Runs once, when the first worker begins.
NEVER_AGAIN = "0 0 1 1 *"


def job(name: str, work: Callable[[], Any], **changes: Any) -> Job:
    """A job that calls a function; its rows are what the function returns, else 0."""

    def flow() -> Flow[Outcome]:
        rows = yield from call(work)
        return Outcome(rows if type(rows) is int else 0, "done")

    settings: dict[str, Any] = {
        "schedule": NEVER_AGAIN, "lock": name, "timeout": timedelta(seconds=30),
        "window": timedelta(days=1), "retries": 2,
    }  # fmt: skip
    return Job(name, f"the test's {name}", flow=flow, **{**settings, **changes})


def shop(dsn: str, *jobs: Job) -> Workshop:
    """A workshop of these jobs on a database."""
    return Workshop(jobs, lambda: AsyncDriver(dsn, max_connections=4, timeout_s=10))


@contextmanager
def face(dsn: str, *jobs: Job) -> Iterator[Jobs[SyncDriver]]:
    """`db.jobs` with these jobs in place of the declared ones."""
    resources = Resources({Workshop: lambda: shop(dsn, *jobs)})
    driver = SyncDriver(dsn, max_connections=2, timeout_s=10, resources=resources)
    driver.open()
    try:
        yield Jobs(driver)
    finally:
        driver.close()


def worker(
    dsn: str,
    *jobs: Job,
    pace: Pace = QUICK,
    concurrency: int = 2,
    names: Collection[str] | None = None,
    told: Callable[[Run], None] = lambda _run: None,
) -> Background:
    """A worker on these jobs; enter it."""
    return Background(shop(dsn, *jobs), names=names, pace=pace, concurrency=concurrency, told=told)


def until(holds: Callable[[], Any], seconds: float = 20.0) -> Any:
    """Wait until something holds, and return it."""
    end = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)
    return found
