"""How an import shows itself: a bar while it runs, and what became of each file."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from cryptoscalp.cli import output
from cryptoscalp.cli.session import Session
from cryptoscalp.cli.times import age

if TYPE_CHECKING:
    from cryptoscalp.capture.reports import FileReport, ImportReport, Progress, Skipped

NUMBERS: Final = ("received", "stored", "duplicate", "quarantined", "ignored")
#: Formats whose columns are found or told, and therefore shown.
GENERIC: Final = ("csv", "parquet", "feather", "json", "jsonl")


@contextmanager
def bar(paths: list[Path]) -> Iterator[Progress | None]:
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
        TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn(),
        TransferSpeedColumn(), TextColumn("{task.fields[events]:,} events"), TimeRemainingColumn(),
    )  # fmt: skip
    sizes = [path.stat().st_size if path.is_file() else 0 for path in paths]
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task("importing", total=sum(sizes) or None, events=0)
        done: dict[int, tuple[int, int]] = {}
        lock = Lock()

        def update(report: FileReport) -> None:
            # Other files are read in other threads: only this one's numbers stand still.
            mine = report.read_bytes, report.account.total.received
            with lock:
                done[id(report)] = mine
                read, events = map(sum, zip(*done.values(), strict=True))
                name = report.path.name
                shown.update(task, description=name, completed=read, events=events)

        yield update


def as_json(report: ImportReport, seconds: float) -> dict[str, Any]:
    from cryptoscalp.capture.account import as_numbers

    account = report.account
    return {
        **as_numbers(account.total),
        "rounded": account.rounded,
        "seconds": round(seconds, 3),
        "checked": report.checked,
        "skipped": [{"path": one.path, "why": one.why} for one in report.skipped],
        "files": [
            {
                "path": one.path,
                "member": one.item.member,
                "format": one.format,
                "batch_id": one.batch_id,
                **as_numbers(one.account.total),
                "rounded": one.account.rounded,
                "seconds": round(one.seconds, 3),
                "truncated": one.truncated,
                "damaged": one.damaged,
                "error": one.error,
                "plan": one.plan,
                "streams": [
                    {**stream._asdict(), **as_numbers(count)}
                    for stream, count in sorted(one.account.streams.items())
                ],
            }
            for one in report.files
        ],
    }


def _show_skipped(skipped: Sequence[Skipped]) -> None:
    """Each reason once, with its files."""
    reasons: dict[str, list[Path]] = {}
    for one in skipped:
        why = one.why.removeprefix(f"{one.path}: ").removeprefix(f"{one.path}!")
        reasons.setdefault(why, []).append(one.path)
    for why, paths in reasons.items():
        output.say(f"skipped {len(paths)}: {why}")
        for path in paths:
            output.say(f"  {path}")
    if skipped:
        output.say("")


def _columns(layout: Mapping[str, Any]) -> str:
    """`trades: timestamp=time (ms), price=px`: which column was taken for what."""
    units = layout.get("units", {})
    fields = [
        f"{field}={column}{f' ({units[field]})' if field in units else ''}"
        for field, column in layout.get("columns", {}).items()
    ]
    fields += [f"{field}:={value}" for field, value in layout.get("constants", {}).items()]
    return f"{layout.get('kind')}: {', '.join(fields)}"


def counted(counts: Iterable[tuple[str, int]]) -> str:
    """`received 10 = stored 8 + ignored 2`, without the zeros."""
    (name, number), *parts = counts
    shown = " + ".join(f"{part} {count:,}" for part, count in parts if count)
    return f"{name} {number:,}{f' = {shown}' if shown else ''}"


def show(session: Session, report: ImportReport, seconds: float) -> None:
    from cryptoscalp.capture.account import as_numbers

    if report.checked:
        output.say("a check: this is what an import would do; nothing was stored\n")
    names = [one.path.name for one in report.files]
    for one in report.files:
        alone = names.count(one.path.name) == 1
        name = one.path.name if alone else f"{one.path.parent.name}/{one.path.name}"
        if one.item.member is not None:
            name = f"{name}!{one.item.member}"
        streams = sorted(one.account.streams.items())
        exchanges = {stream.exchange for stream, _ in streams}
        # One exchange is said once; only streams of several need a column for it.
        skip = 1 if len(exchanges) == 1 else 0
        where = f", {next(iter(exchanges))}" if skip else ""
        batch = "nothing in it" if one.batch_id is None else f"batch {one.batch_id}"
        if report.checked:
            batch = "checked"
        output.say(f"{name}: {batch}{where}")
        layout = one.plan.get("layout") if one.format in GENERIC else None
        output.say(f"  read as {one.format}{f', {_columns(layout)}' if layout else ''}")
        if one.error is not None:
            output.say(f"  not read to its end: {one.error}")
        rows: list[tuple[Sequence[str], Sequence[int]]] = [
            (stream[skip:], [*as_numbers(count).values()]) for stream, count in streams
        ]
        if len(rows) > 1:
            blank = [""] * (len(rows[0][0]) - 1)
            rows.append((["total", *blank], [*as_numbers(one.account.total).values()]))
        if rows:
            output.narrow(rows, [*("exchange", "symbol", "stream")[skip:], *NUMBERS])
        output.say("")
    _show_skipped(report.skipped)
    total = report.account.total
    rate = total.received / seconds if seconds else 0
    output.say(f"{total.received:,} events in {age(seconds)}, {rate:,.0f} a second")
    if len(report.files) > 1:
        output.say(counted(as_numbers(total).items()))
    if report.account.rounded:
        output.say(f"{report.account.rounded:,} values were rounded to 18 decimals")
    if total.quarantined and not report.checked:
        output.say(f"`{session.again('quarantine list')}` shows what was refused, and why")
