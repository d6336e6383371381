"""`cryptoscalp import`: files in, and what became of them."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from cryptoscalp.cli import output
from cryptoscalp.cli.session import Session, command
from cryptoscalp.cli.signals import ENDING
from cryptoscalp.cli.times import age

if TYPE_CHECKING:
    from cryptoscalp.capture.importer import FileReport, ImportReport, Progress

_FILES = "files"
_WITH_VALUE = ("--data-dir", "--url")
_NUMBERS = ("received", "stored", "duplicate", "quarantined", "ignored")


class _FilesUnlessNamed(TyperGroup):
    """A group whose command is `files` unless another one is named; ./undo is a file."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        at = 0
        while at < len(args) and args[at].partition("=")[0] in (*_WITH_VALUE, "--json"):
            at += 2 if args[at] in _WITH_VALUE else 1
        named = args[at] if at < len(args) else ""
        if named in self.commands and named != _FILES:
            return super().parse_args(ctx, [named, *args[:at], *args[at + 1 :]])
        return super().parse_args(ctx, [_FILES, *args])

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[Any, Any, list[str]]:
        name, found, rest = super().resolve_command(ctx, args)
        return ("" if name == _FILES else name), found, rest

    def list_commands(self, ctx: Any) -> list[str]:
        return [name for name in self.commands if name != _FILES]


class _Unnamed(TyperCommand):
    """The command without a word of its own."""

    def format_usage(self, ctx: Any, formatter: Any) -> None:
        formatter.write_usage(ctx.command_path.strip(), " ".join(self.collect_usage_pieces(ctx)))


_imports = typer.Typer(
    rich_markup_mode=None,
    cls=_FilesUnlessNamed,
    help="Import recorded files; list imports, undo one.",
)


def register(app: typer.Typer) -> None:
    """Add `import` and its commands."""
    app.add_typer(_imports, name="import")


@command(_imports, _FILES, cls=_Unnamed)
def import_files(
    session: Session,
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH", show_default=False, help="Files to import.")
    ],
    format_: Annotated[
        str | None,
        typer.Option("--format", metavar="NAME", help="What the files are; else found out."),
    ] = None,
    exchange: Annotated[
        str | None,
        typer.Option("--exchange", metavar="NAME", help="The exchange, where a file cannot tell."),
    ] = None,
    symbol: Annotated[
        str | None,
        typer.Option(
            "--symbol", metavar="NAME", help="Take this symbol only; the rest is ignored."
        ),
    ] = None,
    l1_from_depth: Annotated[
        bool,
        typer.Option(
            "--l1-from-depth", help="Store the best levels of depth messages as quotes too."
        ),
    ] = False,
) -> None:
    """Store the events of recorded files.

    What is stored already is not stored again, and every event is accounted for.
    An import that was cut off is finished by running it again. `cryptoscalp import list` shows
    what was imported, `cryptoscalp import undo BATCH` takes an import back; a file of one of these
    names is given as ./list or ./undo.
    """
    began = time.perf_counter()
    with _advised(), session.connect() as db, _bar(paths) as progress:
        report = db.capture.import_files(
            paths,
            format=format_,
            exchange=exchange,
            symbol=symbol,
            l1_from_depth=l1_from_depth,
            progress=progress,
        )
    seconds = time.perf_counter() - began
    if session.json:
        output.emit(_as_json(report, seconds))
    else:
        _show(session, report, seconds)
    for one in report.files:
        if one.truncated:
            good = one.account.total.received - 1  # the piece at the end was received too
            output.tell(
                f"{one.path} is cut off after {good:,} events: its good part is stored,"
                f" see `{session.again('quarantine list')}`"
            )


@contextmanager
def _advised() -> Iterator[None]:
    """Say what an interrupt leaves behind."""
    try:
        yield
    except KeyboardInterrupt:
        ENDING.advice = "what was committed stays, and running it again finishes the import"
        raise


@command(_imports, "list")
def list_batches(
    session: Session,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many.")] = 20,
) -> None:
    """Show the newest batches, each with its account.

    A batch is an import of one file, a session of a feed, or a call.
    """
    with session.connect() as db:
        found = db.market.batches(limit)
    if session.json:
        output.emit(found)
        return
    if not found:
        output.say("nothing was imported yet")
    for one in found:
        began = output.cell(one.started_at).partition(".")[0]
        output.say(f"batch {one.batch_id}  {one.status}  {began} UTC  {one.format}")
        counts = [(name, getattr(one, name)) for name in _NUMBERS]
        output.say(f"  {_counted(counts)}")
        output.say(f"  {one.source}")


@command(_imports, "undo")
def undo(
    session: Session,
    batch: Annotated[int, typer.Argument(metavar="BATCH", help="Number from `import list`.")],
) -> None:
    """Take back the events that a batch stored.

    Candles, newest rows and coverage follow.
    """
    with session.connect() as db:
        undone = db.market.undo_batch(batch)
    if session.json:
        output.emit(undone)
    else:
        output.say(
            f"batch {undone.batch_id} is undone: {undone.trades:,} trades and"
            f" {undone.quotes:,} quotes were taken back"
        )


@contextmanager
def _bar(paths: list[Path]) -> Iterator[Progress | None]:
    """A progress bar over the files' stored bytes; nothing where stderr is no terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    columns = (
        TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn(),
        TextColumn("{task.fields[events]:,} events"), TimeRemainingColumn(),
    )  # fmt: skip
    sizes = [path.stat().st_size if path.is_file() else 0 for path in paths]
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("importing", total=sum(sizes) or None, events=0)
        reports: dict[int, FileReport] = {}

        def update(report: FileReport) -> None:
            reports[id(report)] = report
            bar.update(
                task,
                description=report.path.name,
                completed=sum(one.read_bytes for one in reports.values()),
                events=sum(one.account.total.received for one in reports.values()),
            )

        yield update


def _as_json(report: ImportReport, seconds: float) -> dict[str, Any]:
    from cryptoscalp.capture.account import as_numbers

    account = report.account
    return {
        **as_numbers(account.total),
        "rounded": account.rounded,
        "seconds": round(seconds, 3),
        "files": [
            {
                "path": one.path,
                "format": one.format,
                "batch_id": one.batch_id,
                **as_numbers(one.account.total),
                "rounded": one.account.rounded,
                "seconds": round(one.seconds, 3),
                "truncated": one.truncated,
                "streams": [
                    {**stream._asdict(), **as_numbers(count)}
                    for stream, count in sorted(one.account.streams.items())
                ],
            }
            for one in report.files
        ],
    }


def _counted(counts: Iterable[tuple[str, int]]) -> str:
    """`received 10 = stored 8 + ignored 2`, without the zeros."""
    (name, number), *parts = counts
    shown = " + ".join(f"{part} {count:,}" for part, count in parts if count)
    return f"{name} {number:,}{f' = {shown}' if shown else ''}"


def _show(session: Session, report: ImportReport, seconds: float) -> None:
    from cryptoscalp.capture.account import as_numbers

    names = [one.path.name for one in report.files]
    for one in report.files:
        alone = names.count(one.path.name) == 1
        name = one.path.name if alone else f"{one.path.parent.name}/{one.path.name}"
        streams = sorted(one.account.streams.items())
        exchanges = {stream.exchange for stream, _ in streams}
        # One exchange is said once; only streams of several need a column for it.
        skip = 1 if len(exchanges) == 1 else 0
        where = f", {next(iter(exchanges))}" if skip else ""
        batch = "nothing in it" if one.batch_id is None else f"batch {one.batch_id}"
        output.say(f"{name}: {batch}{where}")
        rows: list[tuple[Sequence[str], Sequence[int]]] = [
            (stream[skip:], [*as_numbers(count).values()]) for stream, count in streams
        ]
        if len(rows) > 1:
            blank = [""] * (len(rows[0][0]) - 1)
            rows.append((["total", *blank], [*as_numbers(one.account.total).values()]))
        if rows:
            output.narrow(rows, [*("exchange", "symbol", "stream")[skip:], *_NUMBERS])
        output.say("")
    total = report.account.total
    rate = total.received / seconds if seconds else 0
    output.say(f"{total.received:,} events in {age(seconds)}, {rate:,.0f} a second")
    if len(report.files) > 1:
        output.say(_counted(as_numbers(total).items()))
    if report.account.rounded:
        output.say(f"{report.account.rounded:,} values were rounded to 18 decimals")
    if total.quarantined:
        output.say(f"`{session.again('quarantine list')}` shows what was refused, and why")
