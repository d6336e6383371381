"""`cryptoscalp import`: files in; which formats there are, which column maps are saved."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from cryptoscalp.cli import batches, output
from cryptoscalp.cli.import_view import as_json, bar, show
from cryptoscalp.cli.session import Session, command
from cryptoscalp.cli.signals import ENDING

if TYPE_CHECKING:
    from cryptoscalp.capture.reports import ImportReport

_FILES = "files"
_WITH_VALUE = ("--data-dir", "--url")


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

Exchange = Annotated[
    str | None,
    typer.Option("--exchange", metavar="NAME", help="The exchange, where a file cannot tell."),
]
Symbol = Annotated[
    str | None,
    typer.Option(
        "--symbol",
        metavar="NAME",
        help="The symbol of a file that does not name it; of one that names several, the one to"
        " take (the rest is ignored).",
    ),
]
Interval = Annotated[
    str | None,
    typer.Option("--interval", metavar="NAME", help="Of candles, where a file cannot tell: 1m."),
]
Unit = Annotated[
    str | None,
    typer.Option("--unit", metavar="UNIT", help="Of the times, where found wrong: s, ms, us, ns."),
]
Mapping = Annotated[
    str | None,
    typer.Option(
        "--map",
        metavar="MAP",
        help="Which column is what in a file of no known format, such as"
        " 'timestamp=time:ms, price=px, volume=qty, side=#5, feed:=agg_trade' (column name or"
        " number, unit behind a colon, := for one value); or the name of a saved map.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add `import` and its commands."""
    batches.register(_imports)
    app.add_typer(_imports, name="import")


@command(_imports, _FILES, cls=_Unnamed)
def import_files(
    session: Session,
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH",
            show_default=False,
            help="Files, archives (.gz .xz .zst .zip), directories, or patterns such as"
            " 'data/**/*.csv'.",
        ),
    ],
    format_: Annotated[
        str | None,
        typer.Option("--format", metavar="NAME", help="What the files are; else found out."),
    ] = None,
    exchange: Exchange = None,
    symbol: Symbol = None,
    interval: Interval = None,
    unit: Unit = None,
    map_: Mapping = None,
    save_map: Annotated[
        str | None,
        typer.Option("--save-map", metavar="NAME", help="Keep the map under this name."),
    ] = None,
    l1_from_depth: Annotated[
        bool,
        typer.Option(
            "--l1-from-depth", help="Store the best levels of depth messages as quotes too."
        ),
    ] = False,
    consecutive_ids: Annotated[
        bool,
        typer.Option(
            "--consecutive-ids",
            help="The venue counts trade ids by one: without a hole in them none is missing.",
        ),
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Store nothing; say what an import would do.")
    ] = False,
    jobs: Annotated[
        int, typer.Option("--jobs", min=1, max=16, help="Files that are read at once.")
    ] = 2,
) -> None:
    """Store the events of recorded files.

    What is stored already is not stored again, and every event is accounted for. What cannot be
    an event is kept in quarantine with its line and the reason. An import that was cut off is
    finished by running it again. `cryptoscalp import formats` shows what can be read,
    `cryptoscalp import list` what was imported, `cryptoscalp import undo BATCH` takes an import
    back; a file of one of these names is given as ./list or ./undo.
    """
    from cryptoscalp.capture.reports import PartialImport

    if save_map is not None and (map_ is None or "=" not in map_):
        raise typer.BadParameter("--save-map keeps the map that --map spells out; give both")
    began = time.perf_counter()
    failed: PartialImport | None = None
    with _advised(), session.connect() as db, bar([Path(path) for path in paths]) as progress:
        if save_map is not None and map_ is not None and not check:
            db.capture.save_map(save_map, map_)
        try:
            report = db.capture.import_files(
                paths,
                format=format_,
                exchange=exchange,
                symbol=symbol,
                interval=interval,
                unit=unit,
                mapping=map_,
                l1_from_depth=l1_from_depth,
                consecutive_ids=consecutive_ids,
                check=check,
                jobs=jobs,
                progress=progress,
            )
        except PartialImport as error:
            report, failed = error.report, error
    seconds = time.perf_counter() - began
    if session.json:
        output.emit(as_json(report, seconds))
    else:
        show(session, report, seconds)
    _warn(session, report)
    if failed is not None:
        raise failed
    if any(one.damaged for one in report.files):
        raise typer.Exit(1)


def _warn(session: Session, report: ImportReport) -> None:
    """Say of files that are not whole what that means for what was stored."""
    for one in report.files:
        good = one.account.total.received - 1  # the piece at the end was received too
        seen = f"see `{session.again('quarantine list')}`"
        if one.damaged:
            back = session.again(f"import undo {one.batch_id}")
            output.tell(
                f"{one.item} is damaged, and its checksum is not right: rows of it may be false."
                f" `{back}` takes them back; fetch the file anew; {seen}"
            )
        elif one.truncated:
            output.tell(
                f"{one.item} is cut off after {good:,} events: its good part is stored, {seen}"
            )


@contextmanager
def _advised() -> Iterator[None]:
    """Say what an interrupt leaves behind."""
    try:
        yield
    except KeyboardInterrupt:
        ENDING.advice = "what was committed stays, and running it again finishes the import"
        raise


@command(_imports, "formats")
def formats(session: Session) -> None:
    """Show the formats that can be read."""
    from cryptoscalp.capture.formats.registry import FORMATS

    if session.json:
        output.emit([{"name": one.name, "about": one.about} for one in FORMATS])
        return
    for one in FORMATS:
        output.say(f"{one.name:18}  {one.about}")


@command(_imports, "maps")
def maps(
    session: Session,
    delete: Annotated[
        str | None, typer.Option("--delete", metavar="NAME", help="Delete this one.")
    ] = None,
) -> None:
    """Show the saved column maps, or delete one."""
    with session.connect() as db:
        if delete is not None:
            db.capture.delete_map(delete)
        found = db.capture.maps()
    if session.json:
        output.emit(found)
        return
    if not found:
        output.say("no map is saved; `--save-map NAME` of an import keeps one")
    for one in found:
        output.say(f"{one.name}  {one.text}")
