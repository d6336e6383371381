"""`cryptoscalp doctor`: named checks of the server, the schema and what is stored."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Annotated, Final

import typer

from cryptoscalp.cli import output
from cryptoscalp.cli.session import Session, command

if TYPE_CHECKING:
    from cryptoscalp.monitoring.types import Finding

_WIDTH: Final = 80
_STATUSES: Final = ("OK", "WARN", "FAIL", "SKIP")


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(app, "doctor")(doctor)


def doctor(
    session: Session,
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME]...", help="Checks to make; all unless said."),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Let warnings fail the command too.")
    ] = False,
) -> None:
    """Look for what is wrong, or will be soon, and say what to do.

    Nothing is changed, and no server is started. Exit code 1 when a check fails. SKIP: there is
    nothing to look at here.
    """
    found = _findings(session, names)
    if session.json:
        output.emit(found)
    else:
        _show(found)
    failing = ("FAIL", "WARN") if strict else ("FAIL",)
    if any(one.status in failing for one in found):
        raise typer.Exit(1)


def _findings(session: Session, names: list[str] | None) -> list[Finding]:
    from cryptoscalp.infra import migrations
    from cryptoscalp.infra.db.errors import InputError
    from cryptoscalp.monitoring.doctor import chosen, unusable

    try:
        chosen(names)
    except InputError as error:
        raise typer.BadParameter(str(error)) from error
    dsn = session.external_url
    if dsn is None:
        status = session.server().status()
        dsn = status.dsn
        if not status.running or dsn is None:
            where = f"no server runs in {status.data_dir}"
            return [unusable("version", where, f"{session.again('up')} starts it")]
    revision, head = migrations.current(dsn), migrations.head()
    if revision != head:
        told = f"the schema is at revision {revision or 'none'}, this version needs {head}"
        return [unusable("schema", told, session.again("db upgrade"))]
    with session.connect() as db:
        return db.monitoring.doctor(names)


def _show(found: list[Finding]) -> None:
    """A line a check; below what is not as it should be, each problem and what to do."""
    width = max(len(one.name) for one in found)
    for one in found:
        name = f"{one.name:<{width}}"
        if not one.problems:
            _wrapped(f"{one.status:<4}  {name}  ", one.found)
            if one.hint:
                _wrapped(f"{'':{width}}        → ", one.hint)
        for problem in one.problems:
            _wrapped(f"{problem.status:<4}  {name}  ", problem.found)
            _wrapped(f"{'':{width}}        → ", problem.hint)
            name = " " * width
    counts = {status: sum(one.status == status for one in found) for status in _STATUSES}
    output.say(", ".join(f"{count} {status}" for status, count in counts.items() if count))


def _wrapped(label: str, text: str) -> None:
    lines = textwrap.wrap(text, _WIDTH - len(label), break_on_hyphens=False) or [""]
    output.say(f"{label}{lines[0]}")
    for line in lines[1:]:
        output.say(" " * len(label) + line)
