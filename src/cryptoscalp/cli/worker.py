"""`cryptoscalp worker`: run the scheduled jobs until told to stop."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Final

import typer

from cryptoscalp.cli import jobs as view
from cryptoscalp.cli import output
from cryptoscalp.cli.session import Session, command
from cryptoscalp.cli.times import parsed_duration

if TYPE_CHECKING:
    from queue import SimpleQueue

    from cryptoscalp.infra.jobs.types import Run

_LOOK_S: Final = 0.2


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(app, "worker")(worker)


def worker(
    session: Session,
    names: Annotated[
        str | None,
        typer.Option("--jobs", metavar="A,B", help="Only these jobs, from `jobs list`; else all."),
    ] = None,
    concurrency: Annotated[
        int, typer.Option("--concurrency", min=1, max=32, help="At most so many at once.")
    ] = 2,
    grace: Annotated[
        int,
        typer.Option("--grace", min=0, help="Seconds that running jobs get to end, once stopped."),
    ] = 30,
    length: Annotated[
        float | None,
        typer.Option(
            "--for", parser=parsed_duration, metavar="TIME", help="End by itself: 30s, 5m, 1h."
        ),
    ] = None,
) -> None:
    """Run the scheduled jobs; a line for each run.

    What was due while no worker ran is made up for at the start. Any number of workers may run,
    also on several machines. Ctrl-C or SIGTERM ends it: jobs that need longer than the grace are
    cut off and queued again.
    """
    from queue import SimpleQueue

    from cryptoscalp import database
    from cryptoscalp.cli.signals import Stop

    wanted = None if names is None else [one.strip() for one in names.split(",") if one.strip()]
    if wanted == []:
        raise typer.BadParameter("--jobs names no job; see `cryptoscalp jobs list`")
    ended: SimpleQueue[Run] = SimpleQueue()
    with Stop() as stop, _logged(session):
        stop.after(length)
        at_work = database.worker(
            session.external_url, session.data_dir,
            names=wanted, concurrency=concurrency, grace_s=float(grace), told=ended.put,
        )  # fmt: skip
        with at_work:
            _tell(session, f"at work on {', '.join(at_work.names)}; Ctrl-C ends it")
            while at_work.running and not stop.wait(_LOOK_S):
                _show(session, ended)
            if at_work.running:
                _tell(session, f"ending; what runs has {grace} s")
        _show(session, ended)


@contextmanager
def _logged(session: Session) -> Iterator[None]:
    """Failures and alerts are found by `logs tail`, whichever worker had them."""
    from cryptoscalp.logs import log_to_database

    name = "cryptoscalp"
    log = log_to_database(session.external_url, session.data_dir, level="WARNING", logger=name)
    try:
        yield
    finally:
        logging.getLogger(name).removeHandler(log)
        log.close()


def _show(session: Session, ended: SimpleQueue[Run]) -> None:
    while not ended.empty():
        run = ended.get()
        if session.json:
            output.emit_line(run)
        else:
            output.say(view.line(run))
    sys.stdout.flush()


def _tell(session: Session, text: str) -> None:
    if not session.json:
        output.say(text)
        sys.stdout.flush()
