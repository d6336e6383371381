"""`cryptoscalp jobs`: scheduled work, how it is doing, and running a job now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cryptoscalp.cli import output
from cryptoscalp.cli.session import Session, command

if TYPE_CHECKING:
    from cryptoscalp.infra.jobs.types import Health, Run

_jobs = typer.Typer(help="Scheduled work: what runs by itself, when, and what came of it.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(_jobs, name="jobs")


@command(_jobs, "list")
def list_jobs(session: Session) -> None:
    """Show every job with its schedule (UTC), its last runs and its alert."""
    with session.connect() as db:
        found = db.jobs.list()
    if session.json:
        output.emit(found)
        return
    output.table(
        ["job", "schedule", "next", "last success", "last run", "state"],
        [
            (one.name, one.schedule, _minute(one.next_at), _minute(one.last_success_at),
             one.last_run and one.last_run.state, _state(one))
            for one in found
        ],
    )  # fmt: skip
    for one in found:
        output.say(f"{one.name}: {one.description}")


@command(_jobs, "run")
def run_job(
    session: Session,
    name: Annotated[str, typer.Argument(metavar="NAME", help="A job from `jobs list`.")],
) -> None:
    """Run a job now and wait for its end.

    A run of it that is at work is waited for first. Exit code 1 when it fails; it is not tried
    again then.
    """
    from cryptoscalp.infra.db.errors import CryptoscalpError

    with session.connect() as db:
        found = db.jobs.run(name)
    if session.json:
        output.emit(found)
    if found.state != "SUCCEEDED":
        raise CryptoscalpError(f"{name} failed: {found.error}")
    if not session.json:
        output.say(line(found))


@command(_jobs, "history")
def history(
    session: Session,
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="Only this job's runs.")
    ] = None,
    failed: Annotated[
        bool, typer.Option("--failed", help="Only runs that failed or were lost.")
    ] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many.")] = 20,
) -> None:
    """Show the newest runs."""
    with session.connect() as db:
        found = db.jobs.history(name, limit=limit, failed=failed)
    if session.json:
        output.emit(found)
        return
    if not found:
        output.say("no such run is on record")
    for one in found:
        output.say(line(one))


@command(_jobs, "alerts")
def alerts(
    session: Session,
    everything: Annotated[bool, typer.Option("--all", help="Also those that are over.")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many.")] = 100,
) -> None:
    """Show what somebody has to look at.

    A job whose tries all failed raises an alert; its next success clears it.
    """
    with session.connect() as db:
        found = db.jobs.alerts(cleared=everything, limit=limit)
    if session.json:
        output.emit(found)
        return
    if not found:
        output.say("no alert is open" if not everything else "there was no alert yet")
    for one in found:
        over = f", over since {_minute(one.cleared_at)}" if one.cleared_at else ""
        output.say(f"{_minute(one.raised_at)}  {one.source} {one.name}, {one.times} times{over}")
        output.say(f"  {one.message}")


def line(run: Run) -> str:
    """One run on one line."""
    began = output.cell(run.started_at).partition(".")[0]
    parts = [f"run {run.run_id}", f"{began} UTC", run.job, run.state]
    if run.attempt > 1:
        parts.append(f"attempt {run.attempt}")
    if run.finished_at is not None:
        parts.append(f"{(run.finished_at - run.started_at).total_seconds():.3f} s")
    if run.rows is not None:
        parts.append(f"rows {run.rows:,}")
    told = run.error or run.detail
    return "  ".join(parts) + (f"  {told}" if told else "")


def _minute(moment: object) -> str:
    return output.cell(moment)[:16]


def _state(job: Health) -> str:
    if job.alert is not None:
        return f"alert: {job.alert}"
    return "late" if job.late else "ok"
