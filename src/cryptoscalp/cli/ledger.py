"""`cryptoscalp quarantine` and `partitions`."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Final

import typer

from cryptoscalp.cli import output
from cryptoscalp.cli.session import Session, command
from cryptoscalp.cli.times import MaybeEnd, MaybeStart

_quarantine = typer.Typer(rich_markup_mode=None, help="Records that were refused, with the reason.")
_partitions = typer.Typer(rich_markup_mode=None, help="The partitions of ticks and candles.")
#: Days that `partitions ensure` looks ahead when no end is given.
_AHEAD: Final = timedelta(days=7)
_ALL: Final = 2**31 - 1

Reason = Annotated[
    str | None, typer.Option("--reason", metavar="NAME", help="Refused for this reason only.")
]
Source = Annotated[
    str | None, typer.Option("--source", metavar="NAME", help="From this file or feed only.")
]


def register(app: typer.Typer) -> None:
    """Add both groups."""
    app.add_typer(_quarantine, name="quarantine")
    app.add_typer(_partitions, name="partitions")


@command(_quarantine, "list")
def list_quarantined(
    session: Session,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many.")] = 50,
    reason: Reason = None,
    source: Source = None,
) -> None:
    """Show refused records, newest first."""
    with session.connect() as db:
        found = db.market.quarantined(limit, reason=reason, source=source)
    if session.json:
        output.emit(found)
        return
    output.table(
        ["first seen (UTC)", "times", "instrument", "reason", "detail", "source", "line"],
        [
            (
                one.first_seen_at,
                one.times_seen,
                " ".join(part for part in (one.exchange, one.symbol, one.stream) if part),
                one.reason,
                one.detail,
                Path(one.source).name,
                None if one.line is None else str(one.line),
            )
            for one in found
        ],
        right=["times", "line"],
    )
    output.say(f"{len(found):,} records; `cryptoscalp quarantine export` gives them whole")


@command(_quarantine, "export")
def export_quarantined(
    session: Session,
    target: Annotated[
        str, typer.Option("--output", metavar="FILE", help="Where to write; - is stdout.")
    ] = "-",
    raw: Annotated[
        bool,
        typer.Option("--raw", help="Only the records themselves, as they came, one a line."),
    ] = False,
    reason: Reason = None,
    source: Source = None,
) -> None:
    """Write refused records whole.

    One JSON object a line, newest first; with --raw the records alone.
    """
    with session.connect() as db:
        found = db.market.quarantined(_ALL, reason=reason, source=source)
    lines = (
        one.raw.rstrip(b"\n") + b"\n"
        if raw
        else json.dumps(output.plain(one), ensure_ascii=False).encode() + b"\n"
        for one in found
    )
    if target == "-":
        sys.stdout.buffer.writelines(lines)
        return
    with Path(target).open("wb") as file:
        file.writelines(lines)
    if session.json:
        output.emit({"path": target, "records": len(found)})
    else:
        output.say(f"{len(found):,} records written to {target}")


@command(_partitions, "list")
def list_partitions(session: Session) -> None:
    """Show every partition with its size and rows."""
    with session.connect() as db:
        found = db.market.partitions()
    if session.json:
        output.emit(found)
        return
    output.table(
        ["table", "partition", "bounds", "size", "rows (estimated)"],
        [(one.table, one.name, one.bounds, output.size(one.size_bytes), one.rows) for one in found],
        right=["size", "rows (estimated)"],
    )
    output.say(f"{len(found):,} partitions, {output.size(sum(one.size_bytes for one in found))}")


@command(_partitions, "ensure")
def ensure_partitions(session: Session, start: MaybeStart = None, end: MaybeEnd = None) -> None:
    """Make partitions ahead.

    Those that ticks from --start to --end need, both days included. From today to
    seven days later unless said otherwise. Blocks no reader and no writer.
    """
    first = start or datetime.combine(datetime.now(UTC).date(), time(), UTC)
    last = end or first + _AHEAD
    if last < first:
        raise typer.BadParameter(f"--end {last:%Y-%m-%d} is before --start {first:%Y-%m-%d}")
    with session.connect() as db:
        made = db.market.ensure_partitions(first, last)
    if session.json:
        output.emit({"start": first, "end": last, "made": made})
    else:
        output.say(f"{made:,} partitions made for {first:%Y-%m-%d} to {last:%Y-%m-%d}")
