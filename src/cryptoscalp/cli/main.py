"""The `cryptoscalp` command: its parts, its errors as one line each, its exit codes."""

from __future__ import annotations

import logging
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from io import TextIOWrapper
from typing import Annotated

import typer

from cryptoscalp.cli import (
    account_files,
    adaptations,
    books,
    doctor,
    drift,
    features,
    funding,
    imports,
    instruments,
    jobs,
    kill_switch,
    ledger,
    limits,
    logs,
    metrics,
    models,
    orders,
    output,
    performance,
    portfolio,
    positions,
    predictions,
    predictions_record,
    reads,
    regimes,
    replay,
    reports,
    retention,
    risk,
    schema,
    server,
    strategies,
    stress,
    ticks,
    trades,
    up,
    worker,
)
from cryptoscalp.cli.session import BROKEN_PIPE, DataDir, Json, Url, abandon_stdout, keep
from cryptoscalp.cli.signals import ENDING

app = typer.Typer(
    name="cryptoscalp",
    help="Exact, durable, queryable market data and trading books in a real PostgreSQL.\n\n"
    "Without --url a PostgreSQL of our own is started and used; it runs on until"
    " `cryptoscalp stop`. Times are ISO 8601 with a zone, such as 2024-08-08T23:54:00Z; a date"
    " alone is its first moment in UTC.",
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help is there in half the time
)
for part in (
    up, worker, jobs, server, doctor, imports, reads, ticks, ledger, instruments, portfolio,
    strategies, orders, trades, account_files, positions, funding, books,
    features,
    models,
    predictions, predictions_record,
    drift,
    regimes,
    adaptations,
    replay,
    risk, limits, kill_switch, stress,
    performance,
    reports,
    logs, metrics,
    retention, schema,
):  # fmt: skip
    part.register(app)


def _show_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"cryptoscalp {version('cryptoscalp')}")
        raise typer.Exit


@app.callback()
def _everywhere(
    context: typer.Context,
    data_dir: DataDir = None,
    url: Url = None,
    as_json: Json = False,
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Show the version and leave."
        ),
    ] = False,
) -> None:
    keep(context, data_dir, url, as_json)


def run() -> None:
    """Entry point of the `cryptoscalp` script."""
    try:
        signal.signal(signal.SIGTERM, ENDING.terminate)
        code = main(sys.argv[1:])
    except KeyboardInterrupt as error:
        # Before the first or after the last thing that a command does, or in telling of it.
        code = _interrupted(error)
    sys.exit(code)


def main(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code.

    0 done, 1 failed, 2 misused, 130 interrupted, 141 its reader has gone, 143 terminated.
    """
    ENDING.clear()
    if isinstance(sys.stdout, TextIOWrapper):
        # A name of a file or a symbol that the terminal cannot show must not end the command.
        sys.stdout.reconfigure(errors="backslashreplace")
    logging.basicConfig(format="cryptoscalp: %(message)s", level=logging.WARNING)
    # It speaks up at each failed attempt, and where an interrupt cuts a transaction off; what
    # counts comes as an error.
    for name in ("psycopg", "procrastinate"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        code = _run(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        abandon_stdout()
        return BROKEN_PIPE
    except OSError as error:
        # The answer cannot be written; Python would try again at its end and fail for itself.
        abandon_stdout()
        return _fail(error, _told(error), 1)
    return code


def _run(arguments: Sequence[str]) -> int:
    try:
        # It reads the annotations of every command, which takes a while: may be interrupted too.
        command = typer.main.get_command(app)
        found = command.main(
            [*arguments] or ["--help"], prog_name="cryptoscalp", standalone_mode=False
        )
    except typer.TyperException as error:
        context = getattr(error, "ctx", None)
        name = context.command_path.strip() if context else "cryptoscalp"
        message = error.format_message().replace("Value error, ", "")
        return _fail(error, message, 2, hint=f" (see `{name} --help`)")
    except typer.Abort as error:
        return _fail(error, "aborted", 1)
    except (KeyboardInterrupt, InterruptedError) as error:
        return _interrupted(error)
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001 - the outermost border: every failure is one line
        # What is interrupted in the making of a class comes as a RuntimeError, and a library that
        # is interrupted while it loads may make it an error of its own.
        if ENDING.terminated:
            return _interrupted(error)
        return _fail(error, _told(error), 1)
    code = found if isinstance(found, int) else 0
    return _interrupted(None) if code == 130 else code


def _interrupted(error: BaseException | None) -> int:
    word, code = ("terminated", 143) if ENDING.terminated else ("interrupted", 130)
    message = f"{word}; {ENDING.advice}" if ENDING.advice else word
    if error is not None:
        return _fail(error, message, code)
    output.tell(message)
    return code


def _told(error: Exception) -> str:
    from cryptoscalp.infra.db.errors import CryptoscalpError

    if isinstance(error, CryptoscalpError):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return f"unexpected {type(error).__name__}: {error} (CRYPTOSCALP_DEBUG=1 shows where)"


def _fail(error: BaseException, message: str, code: int, *, hint: str = "") -> int:
    if os.environ.get("CRYPTOSCALP_DEBUG") == "1":
        from cryptoscalp.infra.db.secrets import masked

        sys.stderr.write(masked("".join(traceback.format_exception(error))))
    output.tell(f"{message.rstrip('.')}{hint}" if hint else message)
    return code
