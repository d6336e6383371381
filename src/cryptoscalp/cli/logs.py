"""`cryptoscalp logs`: what the product and its server logged."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Final

import typer

from cryptoscalp.cli import output
from cryptoscalp.cli.session import Session, command
from cryptoscalp.cli.times import MaybeEnd, MaybeStart, parsed_duration, readable
from cryptoscalp.logs.log_types import Level

if TYPE_CHECKING:
    from cryptoscalp.logs.log_types import LogEntry

_logs = typer.Typer(
    rich_markup_mode=None, help="What the product and its PostgreSQL logged, of 30 days."
)
#: Seconds between two looks of --follow, and how far back each goes: batches come in late.
_LOOK_S: Final = 1.0
_BACK: Final = timedelta(minutes=5)
_AT_ONCE: Final = 10_000

LeastLevel = Annotated[Level | None, typer.Option("--level", help="Only of this level and above.")]
Component = Annotated[
    str | None,
    typer.Option(
        "--component",
        metavar="NAME",
        help="Only of this logger and those below it; postgresql is the server.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add `logs` and its commands."""
    app.add_typer(_logs, name="logs")


@command(_logs, "tail")
def tail(
    session: Session,
    limit: Annotated[
        int, typer.Option("--limit", "-n", min=1, max=10_000, help="At most so many records.")
    ] = 20,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on with what comes, until Ctrl-C.")
    ] = False,
    level: LeastLevel = None,
    component: Component = None,
    length: Annotated[
        float | None,
        typer.Option(
            "--for", parser=parsed_duration, metavar="TIME", help="End --follow after: 30s, 5m."
        ),
    ] = None,
) -> None:
    """Show the newest log records of a day, the oldest of them first.

    With --follow and --json an object a line.
    """
    with session.connect() as db:
        found = db.logs.tail(limit, level=level, component=component)
        if not follow:
            _show(session, found)
            return
        from cryptoscalp.cli.signals import Stop

        seen = {one.log_id: one.timestamp for one in found}
        with Stop() as stop:
            stop.after(length)
            _lines(session, found)
            while not stop.wait(_LOOK_S):
                since = datetime.now(UTC) - _BACK
                came = [
                    one
                    for one in db.logs.tail(_AT_ONCE, level=level, component=component, since=since)
                    if one.log_id not in seen
                ]
                _lines(session, came)
                seen |= {one.log_id: one.timestamp for one in came}
                seen = {number: at for number, at in seen.items() if at >= since}


@command(_logs, "search")
def search(
    session: Session,
    text: Annotated[
        str, typer.Argument(metavar="TEXT", help="What messages or tracebacks hold; any case.")
    ],
    start: MaybeStart = None,
    end: MaybeEnd = None,
    level: LeastLevel = None,
    component: Component = None,
    limit: Annotated[
        int, typer.Option("--limit", min=1, max=10_000, help="At most so many, the newest.")
    ] = 100,
) -> None:
    """Show the newest log records that hold a text; of the last day unless --start says more."""
    with session.connect() as db:
        found = db.logs.search(
            text, start=start, end=end, level=level, component=component, limit=limit
        )
    _show(session, found)


def _show(session: Session, found: list[LogEntry]) -> None:
    if session.json:
        output.emit(found)
        return
    _lines(session, found)
    output.say(f"{len(found):,} records")


def _lines(session: Session, found: list[LogEntry]) -> None:
    for one in found:
        if session.json:
            output.emit_line(one)
            continue
        output.say(f"{readable(one.timestamp)} {one.level:<8} {one.component}: {one.message}")
        trace = one.metadata.get("traceback")
        if trace:
            output.say("\n".join(f"    {line}" for line in str(trace).splitlines()))
