"""Runs: asked for, recorded, refused."""

from __future__ import annotations

import asyncio
import threading
from datetime import timedelta

import pytest

from cryptoscalp import AsyncDatabase, InputError
from cryptoscalp.infra.jobs.procrastination import queue
from cryptoscalp.infra.jobs.types import Job
from tests.jobs.shop import face, job, until, worker
from tests.postgres import Place


async def test_a_job_is_run_and_recorded(db: AsyncDatabase) -> None:
    run = await db.jobs.run("make_partitions")
    assert (run.state, run.attempt, run.error) == ("SUCCEEDED", 1, None)
    assert run.rows == 5 * 8 + 2
    assert run.finished_at is not None
    assert run.started_at <= run.finished_at
    again = await db.jobs.run("make_partitions")
    assert (again.rows, again.attempt) == (0, 1)
    assert await db.jobs.history() == [again, run]
    assert await db.jobs.history("make_partitions", limit=1) == [again]
    assert await db.jobs.history(failed=True) == []
    health = {one.name: one for one in await db.jobs.list()}
    assert health["make_partitions"].last_run == again
    assert health["make_partitions"].last_success_at == again.finished_at
    assert health["check_instruments"].last_run is None
    assert not any(one.late for one in health.values())
    assert await db.jobs.alerts() == []


async def test_bad_input_names_what_there_is(db: AsyncDatabase) -> None:
    with pytest.raises(InputError, match=r"no job 'nap'; choose one of: .*check_books, .*make"):
        await db.jobs.run("nap")
    with pytest.raises(InputError, match="no job 'nap'"):
        await db.jobs.history("nap")
    with pytest.raises(InputError, match="limit=0"):
        await db.jobs.history(limit=0)


async def test_a_day_asked_for_by_many_at_once(db: AsyncDatabase) -> None:
    runs = await asyncio.gather(*(db.jobs.run("make_partitions") for _ in range(4)))
    assert {run.state for run in runs} == {"SUCCEEDED"}
    assert max(run.rows or 0 for run in runs) == 42


def test_who_asks_is_told_of_the_failure_and_nobody_else(database: Place) -> None:
    def fail() -> None:
        raise ValueError("postgresql://u:secret@h/d is away")

    with face(database.dsn, job("bad", fail)) as jobs:
        run = jobs.run("bad")
        assert (run.state, run.rows) == ("FAILED", None)
        assert run.error == "ValueError: postgresql://u:***@h/d is away"
        assert jobs.alerts() == []
        assert jobs.history(failed=True) == [run]


def test_a_job_that_takes_too_long_is_given_up_with_its_lock_held_to_the_end(
    database: Place,
) -> None:
    """A blocking call cannot be cut off: until it ends nobody else may have its lock."""
    order: list[str] = []
    go = threading.Event()

    def slow() -> None:
        go.wait(20)
        order.append("slow ended")

    tired = job("slow", slow, lock="one", timeout=timedelta(seconds=0.2), retries=0)
    other = job("other", lambda: order.append("other began"), lock="one")
    with worker(database.dsn, tired), face(database.dsn, tired, other) as jobs:
        failed = until(lambda: jobs.history("slow"))[0]
        failed = until(lambda: jobs.history(failed=True))[0]
        assert failed.error == "given up after 0:00:00.200000"
        threading.Timer(0.5, go.set).start()
        assert jobs.run("other").state == "SUCCEEDED"
    assert order == ["slow ended", "other began"]


def test_another_worker_takes_what_was_asked_for(database: Place) -> None:
    """A run that is at work is waited for, then the one that was asked for comes."""
    begun, go = threading.Event(), threading.Event()
    places: list[str] = []

    def work() -> None:
        places.append(threading.current_thread().name)
        begun.set()
        go.wait(20)

    one = job("one", work)
    with worker(database.dsn, one), face(database.dsn, one) as jobs:
        assert begun.wait(20)
        threading.Timer(0.3, go.set).start()
        run = jobs.run("one")
        assert run.state == "SUCCEEDED"
        assert [found.run_id for found in jobs.history()] == [run.run_id, run.run_id - 1]
    assert len(places) == 2


def test_an_unknown_job_in_the_queue_stops_nobody(database: Place) -> None:
    """A job of another version shares a lock with ours, is first in line, and nobody can run it."""
    newer = job("newer", lambda: None, lock="shared")
    ours = job("ours", lambda: None, lock="shared")
    asyncio.run(_leave_in_queue(database.dsn, newer))
    with face(database.dsn, ours) as jobs, worker(database.dsn, ours):
        until(lambda: jobs.history("ours"))


async def _leave_in_queue(dsn: str, left: Job) -> None:
    async def never(job: Job, queue_id: int, asked: bool) -> None:
        raise AssertionError("nobody works here")

    tasks = queue(dsn, [left], (), never)
    async with tasks.app.open_async():
        await tasks.ask(left)
