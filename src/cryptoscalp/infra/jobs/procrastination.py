"""The declared jobs as tasks of procrastinate, and what it lacks for workers that vanish."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import procrastinate
from procrastinate import exceptions
from psycopg.conninfo import conninfo_to_dict

from cryptoscalp.infra.jobs.pace import Pace
from cryptoscalp.infra.jobs.queue import SCHEMA
from cryptoscalp.infra.jobs.types import Job

#: A job that waits holds back those of its lock behind it: its second try must not.
_RETRY: Final = -1
#: Who asks for a job does not wait behind the schedule.
_ASKED: Final = 10
#: A schedule missed while nobody worked is made up for by the next worker, however late.
_MISSED_S: Final = timedelta(days=400).total_seconds()

# In one statement, so that of two workers that find the same job only one queues it again. It is
# made anew, not changed back: where the schedule has queued the job meanwhile, that one stands.
_REQUEUE: Final = """
    WITH stalled AS (
        SELECT id FROM procrastinate_jobs AS job
        WHERE id = %(id)s AND status = 'doing' AND NOT EXISTS (
            SELECT FROM procrastinate_workers AS worker
            WHERE worker.id = job.worker_id
              AND worker.last_heartbeat >= now() - %(silent)s * interval '1 second')
        FOR UPDATE SKIP LOCKED
    ), gone AS (
        DELETE FROM procrastinate_jobs USING stalled
        WHERE procrastinate_jobs.id = stalled.id RETURNING procrastinate_jobs.*
    )
    INSERT INTO procrastinate_jobs
        (queue_name, task_name, priority, lock, queueing_lock, args, scheduled_at)
    SELECT queue_name, task_name, priority, lock, queueing_lock, args,
           now() + %(pause)s * interval '1 second' FROM gone
    ON CONFLICT (queueing_lock) WHERE status = 'todo' DO NOTHING
"""
# A job of another version, which nobody here can run, must not hold back its lock.
_STEP_BACK: Final = """
    UPDATE procrastinate_jobs SET priority = -32768
    WHERE status = 'todo' AND priority > -32768 AND task_name <> ALL (%(known)s)
"""
_HURRY: Final = """
    UPDATE procrastinate_jobs SET scheduled_at = now(), priority = %(priority)s
    WHERE status = 'todo' AND queueing_lock = %(job)s
"""
_FORGET: Final = """
    DELETE FROM procrastinate_jobs
    WHERE status = 'todo' AND queueing_lock = %(job)s AND args @> '{"asked": true}'
"""


@dataclass(frozen=True, slots=True)
class Queue:
    """Procrastinate's application with the declared jobs; entered through `app.open_async()`."""

    app: procrastinate.App
    known: tuple[str, ...]

    async def again(self, job: Job, after_s: float, *, asked: bool) -> None:
        """Queue a job once more, unless it is in the queue already."""
        await self._defer(job, _ASKED if asked else _RETRY, asked, after_s)

    async def ask(self, job: Job) -> None:
        """Queue a job to be run at once; where it is queued already it is due now."""
        if await self._defer(job, _ASKED, asked=True) is None:
            connector = self.app.connector
            await connector.execute_query_async(_HURRY, priority=_ASKED, job=job.name)

    async def forget(self, job: Job) -> None:
        """Take a job that was asked for out of the queue, unless it runs or is gone."""
        await self.app.connector.execute_query_async(_FORGET, job=job.name)

    async def stalled(self, silent_s: float) -> list[tuple[int, str]]:
        """(number, name) of what is being run by workers that were silent for so many seconds."""
        found = await self.app.job_manager.get_stalled_jobs(seconds_since_heartbeat=silent_s)
        return [(job.id, job.task_name) for job in found if job.id is not None]

    async def requeue(self, number: int, silent_s: float, pause_s: float) -> None:
        """Queue a stalled job again; nothing when another worker has done so."""
        connector = self.app.connector
        await connector.execute_query_async(_REQUEUE, id=number, silent=silent_s, pause=pause_s)

    async def step_back(self) -> None:
        """Let no job that is not declared hold back those of its lock."""
        await self.app.connector.execute_query_async(_STEP_BACK, known=list(self.known))

    async def work(self, names: Collection[str], concurrency: int, pace: Pace) -> None:
        """Fetch and run jobs of these names until cancelled, or the database is lost.

        Cancelled, it waits for its running jobs as long as `pace` says, then cancels them.
        """
        await self.app.run_worker_async(
            # A queue a job: nobody fetches what another version declares.
            queues=list(names),
            concurrency=concurrency,
            install_signal_handlers=False,
            # Runs are recorded by us; the queue keeps what is to be done.
            delete_jobs="always",
            shutdown_graceful_timeout=pace.grace_s,
            update_heartbeat_interval=pace.heartbeat_s,
            stalled_worker_timeout=pace.stalled_s,
            fetch_job_polling_interval=pace.poll_s,
        )

    async def _defer(
        self, job: Job, priority: int, asked: bool, after_s: float = 0.0
    ) -> int | None:
        later: dict[str, Any] = {"schedule_in": {"seconds": after_s}} if after_s > 0 else {}
        try:
            return await self.app.configure_task(job.name, priority=priority, **later).defer_async(
                asked=asked
            )
        except exceptions.AlreadyEnqueued:
            return None


def queue(
    dsn: str,
    jobs: Collection[Job],
    scheduled: Collection[str],
    perform: Callable[[Job, int, bool], Awaitable[None]],
) -> Queue:
    """The jobs as tasks; those whose names are in `scheduled` are queued by their cron lines."""
    options = str(conninfo_to_dict(dsn).get("options") or "")
    app = procrastinate.App(
        connector=procrastinate.PsycopgConnector(
            conninfo=dsn,
            kwargs={
                "application_name": "cryptoscalp jobs",
                "options": f"{options} -c timezone=UTC -c search_path={SCHEMA}".strip(),
            },
            min_size=1,
            max_size=4,
            # A worker whose database is away starts afresh; waiting long here helps nobody.
            timeout=10.0,
            reconnect_timeout=10.0,
        ),
        periodic_defaults={"max_delay": _MISSED_S},
    )
    for job in jobs:
        task = app.task(
            name=job.name,
            queue=job.name,
            lock=job.lock,
            queueing_lock=job.name,
            pass_context=True,
        )(_body(job, perform))
        if job.name in scheduled:
            app.periodic(cron=job.schedule)(task)
    return Queue(app, tuple(job.name for job in jobs))


def _body(job: Job, perform: Callable[[Job, int, bool], Awaitable[None]]) -> Any:
    async def body(
        context: procrastinate.JobContext, timestamp: int | None = None, asked: bool = False
    ) -> None:
        assert context.job.id is not None
        await perform(job, context.job.id, asked)

    return body
