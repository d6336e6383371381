"""A worker: it goes on through lost connections and restarts until it is told to stop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Final

import psycopg
from procrastinate.exceptions import ConnectorException

from cryptoscalp.infra.db.drivers import AsyncDriver
from cryptoscalp.infra.db.errors import ConnectionLost, DatabaseError, SchemaMismatch
from cryptoscalp.infra.db.flow import Operation
from cryptoscalp.infra.db.waiting import wait_for_server
from cryptoscalp.infra.jobs import queue as queue_tables
from cryptoscalp.infra.jobs import records
from cryptoscalp.infra.jobs.pace import Pace
from cryptoscalp.infra.jobs.performing import Performer
from cryptoscalp.infra.jobs.procrastination import Queue, queue
from cryptoscalp.infra.jobs.threads import Threads
from cryptoscalp.infra.jobs.types import Job, Run
from cryptoscalp.infra.jobs.workshop import Workshop

_log: Final = logging.getLogger(__name__)
#: What a worker meets when its database goes away or changes under it.
_LOST: Final = (ConnectorException, DatabaseError, psycopg.Error, OSError)


async def work(
    workshop: Workshop,
    stop: asyncio.Event,
    *,
    names: Collection[str] | None = None,
    concurrency: int = 2,
    pace: Pace | None = None,
    scheduled: bool = True,
    told: Callable[[Run], None] = lambda _run: None,
) -> None:
    """Run jobs until `stop` is set: those of `names`, or all that are declared.

    `told` is called in the loop's thread with each run that ended. A lost connection ends only
    what ran; the worker goes on when the server is back. Raises InputError for a name that is
    not declared, SchemaMismatch when the queue's tables are older than the installed procrastinate.
    """
    pace = pace or Pace()
    chosen = [workshop.job(name).name for name in names] if names else workshop.names
    asyncio.get_running_loop().set_default_executor(Threads(thread_name_prefix="job"))
    while not stop.is_set():
        driver = workshop.driver()
        await driver.open()
        try:
            await _session(workshop, driver, stop, chosen, concurrency, pace, scheduled, told)
        except SchemaMismatch:
            raise
        except _LOST as error:
            _log.info("a worker's session ended: %s", error)
        finally:
            await driver.close()
        if not stop.is_set():
            await _server_back(driver.dsn, stop, pace)


async def _session(
    workshop: Workshop,
    driver: AsyncDriver,
    stop: asyncio.Event,
    names: Collection[str],
    concurrency: int,
    pace: Pace,
    scheduled: bool,
    told: Callable[[Run], None],
) -> None:
    """Work over one set of connections, until told to stop or they are lost."""
    await _check_tables(driver)

    async def again(job: Job, after_s: float, *, asked: bool) -> None:
        await tasks.again(job, after_s, asked=asked)

    performer = Performer(driver, pace, again, told)
    tasks = queue(driver.dsn, workshop.jobs, names if scheduled else (), performer.perform)
    async with tasks.app.open_async():
        working = asyncio.create_task(tasks.work(names, concurrency, pace))
        beside = [
            asyncio.create_task(_find_stalled(workshop, tasks, performer, pace)),
            asyncio.create_task(stop.wait()),
        ]
        try:
            await asyncio.wait([working, *beside], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (working, *beside):
                task.cancel()
            ends = await asyncio.gather(working, *beside, return_exceptions=True)
        for end in ends:
            if isinstance(end, Exception):
                raise end


async def _find_stalled(workshop: Workshop, tasks: Queue, performer: Performer, pace: Pace) -> None:
    """Every now and then queue again what workers that vanished had begun.

    It needs no free slot of the worker, so that slots held by long jobs do not delay it.
    """
    while True:
        try:
            await tasks.step_back()
            for number, name in await tasks.stalled(pace.stalled_s):
                job = workshop.find(name)
                retries = None if job is None else job.retries
                failures = await performer.record(records.lose, name, retries)
                # Once is bad luck; a job that takes its worker along each time gets pauses.
                await tasks.requeue(number, pace.stalled_s, pace.pause(failures - 1))
        except _LOST as error:
            # The worker's heartbeat notices too, and ends the session.
            _log.info("stalled jobs could not be looked for: %s", error)
        await asyncio.sleep(pace.heartbeat_s)


async def _check_tables(driver: AsyncDriver) -> None:
    plan = Operation(queue_tables.installed, transaction=False, retry=True)
    found: queue_tables.Installed | None = await driver.run(plan)
    if found is None or found.migration < queue_tables.newest():
        raise SchemaMismatch(
            f"the queue's tables are at {found.migration if found else 'nothing'}, the installed"
            f" procrastinate needs {queue_tables.newest()}; run `cryptoscalp db upgrade`"
        )


async def _server_back(dsn: str, stop: asyncio.Event, pace: Pace) -> None:
    """Return when PostgreSQL accepts connections again, or it is time to stop."""
    while not stop.is_set():
        with suppress(asyncio.TimeoutError):
            # Also the pace at which a session that fails at once is begun again.
            await asyncio.wait_for(stop.wait(), min(1.0, pace.heartbeat_s))
        with suppress(ConnectionLost):
            await asyncio.to_thread(wait_for_server, dsn)
            return
