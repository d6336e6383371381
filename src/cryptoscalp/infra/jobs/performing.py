"""One run of a job: under its lock, within its time, recorded from start to end."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import ParamSpec, Protocol, TypeVar

from cryptoscalp.infra.db.drivers import AsyncDriver
from cryptoscalp.infra.db.errors import CryptoscalpError
from cryptoscalp.infra.db.flow import Flow, Operation
from cryptoscalp.infra.db.secrets import masked
from cryptoscalp.infra.jobs import records, threads
from cryptoscalp.infra.jobs.guard import guarded
from cryptoscalp.infra.jobs.pace import Pace
from cryptoscalp.infra.jobs.types import Job, Outcome, Run

P = ParamSpec("P")
T = TypeVar("T")


class Again(Protocol):
    """Queues a job once more, unless it is in the queue already."""

    def __call__(self, job: Job, after_s: float, *, asked: bool) -> Awaitable[None]: ...


def here() -> str:
    """This host and process, as runs name their worker."""
    return f"{socket.gethostname()}:{os.getpid()}"


@dataclass(frozen=True, slots=True)
class Performer:
    """Performs runs in one worker; `told` is called with each run that ended."""

    driver: AsyncDriver
    pace: Pace
    again: Again
    told: Callable[[Run], None]

    async def perform(self, job: Job, queue_id: int, asked: bool) -> None:
        """Run a job and record what came of it; what fails is queued again or raises an alert.

        A run somebody asked for is neither: who asked is told. Raises only when the record cannot
        be written.
        """
        async with guarded(self.driver.dsn, job.lock) as free:
            if not free:
                # A worker that was silent for long still works at it.
                await self.again(job, self.pace.poll_s, asked=asked)
                return
            run = await self.record(records.begin, job.name, here(), queue_id)
            working = threads.begin()
            try:
                self.told(await self._attempt(job, run, asked))
            finally:
                await threads.ended(working)

    async def _attempt(self, job: Job, run: Run, asked: bool) -> Run:
        plan = Operation(job.flow, transaction=False, retry=False)
        try:
            async with asyncio.timeout(job.timeout.total_seconds()) as limit:
                outcome: Outcome = await self.driver.run(plan)
        except asyncio.CancelledError:
            self.told(await self.record(records.release, run.run_id, "its worker was stopped"))
            if not asked:
                await self.again(job, 0.0, asked=False)
            raise
        except Exception as error:  # noqa: BLE001 - the border of a job: whatever it is, is recorded
            late = limit.expired() and isinstance(error, TimeoutError)
            why = f"given up after {job.timeout}" if late else _told(error)
            return await self._failed(job, run, why, asked)
        return await self.record(records.succeed, run.run_id, outcome)

    async def _failed(self, job: Job, run: Run, why: str, asked: bool) -> Run:
        alert = None
        if not asked and run.attempt > job.retries:
            alert = f"{job.name} failed {run.attempt} times in a row: {why}"
        ended = await self.record(records.fail, run.run_id, why, alert)
        if not asked and alert is None:
            await self.again(job, self.pace.pause(run.attempt), asked=False)
        return ended

    async def record(self, flow: Callable[P, Flow[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a flow of records in one transaction, again after a lost connection."""
        plan = Operation(flow, transaction=True, retry=True)
        result: T = await self.driver.run(plan, *args, **kwargs)
        return result


def _told(error: Exception) -> str:
    text = str(error) if isinstance(error, CryptoscalpError) else f"{type(error).__name__}: {error}"
    return masked(" ".join(text.split()))
