"""What a job is, and what is known of its runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

from cryptoscalp.infra.db.flow import Flow

RunState: TypeAlias = Literal["RUNNING", "SUCCEEDED", "FAILED", "LOST"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run did: how many rows or pieces it touched, and a sentence for people."""

    rows: int
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Job:
    """One kind of scheduled work.

    `schedule` is a cron line in UTC. `flow` makes a new flow for each run, each of whose steps
    commits by itself, so that a run that is cut off can be run again. Runs that share `lock`
    never overlap, on any worker. After `timeout` a run is given up and counts as failed.
    `retries` are tried with growing pauses before an alert is raised. A job that has not
    succeeded for `window` makes `status` red.
    """

    name: str
    description: str
    schedule: str
    flow: Callable[[], Flow[Outcome]]
    lock: str
    timeout: timedelta
    window: timedelta
    retries: int = 3


@dataclass(frozen=True, slots=True)
class Run:
    """One recorded run of a job."""

    run_id: int
    job: str
    state: RunState
    attempt: int
    worker: str
    started_at: datetime
    finished_at: datetime | None
    rows: int | None
    detail: str | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Health:
    """How a job is doing. `late`: it has not succeeded within its window."""

    name: str
    description: str
    schedule: str
    next_at: datetime | None
    last_success_at: datetime | None
    last_run: Run | None
    late: bool
    alert: str | None


@dataclass(frozen=True, slots=True)
class Alert:
    """Something that somebody has to look at; open until `cleared_at`."""

    alert_id: int
    source: str
    name: str
    message: str
    times: int
    raised_at: datetime
    last_at: datetime
    cleared_at: datetime | None


@dataclass(frozen=True, slots=True)
class Overview:
    """How scheduled work is doing as a whole.

    `workers` are alive now. `seen`: some worker has run a job. `wrong` are the reasons to be red,
    a sentence each: jobs that are late, and open alerts.
    """

    jobs: list[Health]
    alerts: list[Alert]
    workers: int
    seen: bool
    wrong: list[str]
