"""What every command is told: where the database is, and whether to answer in JSON."""

from __future__ import annotations

import functools
import inspect
import os
import shlex
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Concatenate, ParamSpec

import typer

if TYPE_CHECKING:
    from cryptoscalp.database import Database
    from cryptoscalp.infra.server import EmbeddedServer

P = ParamSpec("P")
#: What a shell reports for a program that a broken pipe has ended.
BROKEN_PIPE = 141

DataDir = Annotated[
    Path | None,
    typer.Option(
        "--data-dir",
        metavar="DIR",
        help="Data directory of the embedded server; else CRYPTOSCALP_DATA_DIR, else the"
        " platform's directory for user data.",
        rich_help_panel="Where and how",
    ),
]
Url = Annotated[
    str | None,
    typer.Option(
        "--url",
        metavar="URL",
        help="A PostgreSQL of version 15 or later in place of the embedded one; else"
        " CRYPTOSCALP_DATABASE_URL, which keeps a password out of the process list.",
        rich_help_panel="Where and how",
    ),
]
Json = Annotated[
    bool,
    typer.Option("--json", help="Answer in JSON on stdout.", rich_help_panel="Where and how"),
]


@dataclass(frozen=True, slots=True)
class Session:
    """The options that all commands share."""

    data_dir: Path | None = None
    url: str | None = None
    json: bool = False

    @property
    def external_url(self) -> str | None:
        """The connection string of an external database; None for the embedded one."""
        from cryptoscalp.infra.db.dsn import checked
        from cryptoscalp.infra.settings import Settings

        if self.url is not None:
            return checked(self.url, "--url")
        found = None if self.data_dir else Settings().database_url
        return checked(found, "CRYPTOSCALP_DATABASE_URL") if found else None

    def again(self, words: str) -> str:
        """A command line that runs another command of the program on the same database."""
        place = ""
        if self.data_dir is not None:
            place = f" --data-dir {shlex.quote(str(self.data_dir))}"
        elif self.url is not None:
            from cryptoscalp.infra.db.secrets import masked

            # A password is not repeated.
            place = f" --url {shlex.quote(self.url) if masked(self.url) == self.url else 'URL'}"
        return f"{_program()} {words}{place}"

    def server(self, *, port: int | None = None) -> EmbeddedServer:
        """The embedded server; it is not started here."""
        from cryptoscalp.database import embedded_server

        return embedded_server(self.data_dir, port=port)

    def connect(self) -> Database:
        """The database, with the embedded server started where none runs."""
        from cryptoscalp.database import connect

        return connect(self.external_url, self.data_dir)


def _program() -> str:
    """The program as a shell here finds it."""
    name = "cryptoscalp"
    invoked = Path(sys.argv[0])
    if shutil.which(name):
        return name
    if invoked.name == "__main__.py":
        return f"{_nearest(sys.executable)} -m cryptoscalp.cli"
    return _nearest(sys.argv[0]) if invoked.name == name and invoked.is_file() else name


def _nearest(path: str) -> str:
    """A path from here, or from the root where that is shorter; quoted for a shell."""
    whole, near = os.path.abspath(path), os.path.relpath(path)  # noqa: PTH100 - links stay
    if os.sep not in near:
        near = os.path.join(os.curdir, near)  # noqa: PTH118 - Path would drop the dot
    return shlex.quote(min(near, whole, key=len))


def keep(context: typer.Context, data_dir: Path | None, url: str | None, as_json: bool) -> Session:
    """Add options to what was said before the command; the later word counts."""
    before = context.find_object(Session) or Session()
    session = replace(
        before,
        data_dir=data_dir or before.data_dir,
        url=url or before.url,
        json=as_json or before.json,
    )
    if session.url and session.data_dir:
        raise typer.BadParameter("--url and --data-dir exclude each other; give one of them")
    context.obj = session
    return session


def command(
    app: typer.Typer, name: str, **settings: Any
) -> Callable[[Callable[Concatenate[Session, P], None]], Callable[Concatenate[Session, P], None]]:
    """Register a function as a command that also takes --data-dir, --url and --json.

    Its first parameter is the session, which the command line does not see.
    """

    def register(
        body: Callable[Concatenate[Session, P], None],
    ) -> Callable[Concatenate[Session, P], None]:
        own = list(inspect.signature(body, eval_str=True).parameters.values())[1:]
        shared = [
            inspect.Parameter(key, inspect.Parameter.KEYWORD_ONLY, annotation=kind, default=default)
            for key, kind, default in (
                ("context", typer.Context, inspect.Parameter.empty),
                ("data_dir", DataDir, None),
                ("url", Url, None),
                ("as_json", Json, False),
            )
        ]
        own = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in own]

        @functools.wraps(body)
        def called(**given: Any) -> None:
            place = {key: given.pop(key) for key in ("context", "data_dir", "url", "as_json")}
            session = keep(**place)
            try:
                body(session, **given)  # type: ignore[call-arg]  # bound by the signature
                sys.stdout.flush()
            except BrokenPipeError:
                abandon_stdout()
                raise typer.Exit(BROKEN_PIPE) from None

        del called.__wrapped__
        called.__signature__ = inspect.Signature([*own, *shared])  # type: ignore[attr-defined]
        called.__annotations__ = {one.name: one.annotation for one in [*own, *shared]}
        app.command(name, **settings)(called)
        return body

    return register


def abandon_stdout() -> None:
    """Let nothing more be written to a reader that has gone."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
