"""Run a job now: through the queue, by a worker of this process unless another one is quicker."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Final

from cryptoscalp.infra.db.flow import Flow, Operation, using
from cryptoscalp.infra.jobs import records
from cryptoscalp.infra.jobs.pace import Pace
from cryptoscalp.infra.jobs.types import Job, Run
from cryptoscalp.infra.jobs.workshop import Workshop

#: How often it is looked whether another worker has ended the run, in seconds.
_LOOK_S: Final = 0.2
#: Who asks does not want to wait: neither for a lock that becomes free, nor after Ctrl-C.
_PACE: Final = Pace(poll_s=0.5, grace_s=1.0)


def run_job(name: str) -> Flow[Run]:
    """Run a job now, under its lock, and return its run, SUCCEEDED or FAILED.

    A run at work of the job, or of another one with its lock, is waited for first. What fails is
    not tried again and raises no alert. Raises InputError for a name that is not declared.
    """
    return (yield from using(Workshop, lambda workshop: _in_a_thread(workshop, name)))


def _in_a_thread(workshop: Workshop, name: str) -> Run:
    # The caller's thread may have a loop of its own at work, which another one cannot run in.
    job = workshop.job(name)
    done = threading.Event()
    with ThreadPoolExecutor(1, "cryptoscalp job") as pool:
        try:
            return pool.submit(lambda: asyncio.run(_ask(workshop, job, done))).result()
        finally:
            done.set()  # also when the caller was interrupted: the thread looks at it


async def _ask(workshop: Workshop, job: Job, interrupted: threading.Event) -> Run:
    from cryptoscalp.infra.jobs.procrastination import queue
    from cryptoscalp.infra.jobs.worker import work

    stop = asyncio.Event()

    def told(run: Run) -> None:
        if run.state != "LOST":
            stop.set()

    async def ended_since(before: int) -> Run | None:
        plan = Operation(records.ended_after, transaction=False, retry=True)
        found: Run | None = await driver.run(plan, job.name, before)
        return found

    driver = workshop.driver()
    await driver.open()
    tasks = queue(driver.dsn, [job], (), _never)
    try:
        async with tasks.app.open_async():
            newest = Operation(records.newest_id, transaction=False, retry=True)
            before = await driver.run(newest, job.name)
            await tasks.ask(job)
            working = asyncio.create_task(
                work(
                    workshop, stop, names=[job.name], concurrency=1, pace=_PACE,
                    scheduled=False, told=told,
                )
            )  # fmt: skip
            try:
                while (found := await ended_since(before)) is None and not working.done():
                    if interrupted.is_set():
                        break
                    with suppress(TimeoutError):
                        await asyncio.wait_for(stop.wait(), _LOOK_S)
            finally:
                stop.set()
                await working
            if found is None:
                # Nobody waits for it any more; a worker that ends by itself has raised.
                await tasks.forget(job)
                raise asyncio.CancelledError
            return found
    finally:
        await driver.close()


async def _never(job: Job, queue_id: int, asked: bool) -> None:
    raise AssertionError("this application only asks")
