"""`cryptoscalp quarantine` and `partitions`."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from cryptoscalp.cli import output
from cryptoscalp.cli.import_view import NUMBERS, counted
from cryptoscalp.cli.imports import Exchange, Interval, Mapping, Symbol, Unit
from cryptoscalp.cli.session import Session, command
from cryptoscalp.cli.times import MaybeStart, parsed_time

if TYPE_CHECKING:
    from cryptoscalp.capture.reports import RetriedBatch

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
    resolved: Annotated[
        bool, typer.Option("--resolved", help="Those too that a retry has stored.")
    ] = False,
) -> None:
    """Show refused records, newest first."""
    with session.connect() as db:
        found = db.market.quarantined(limit, reason=reason, source=source, resolved=resolved)
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


@command(_quarantine, "retry")
def retry(
    session: Session,
    batch: Annotated[
        int | None, typer.Option("--batch", metavar="BATCH", help="Refused by this import only.")
    ] = None,
    reason: Reason = None,
    source: Source = None,
    exchange: Exchange = None,
    symbol: Symbol = None,
    interval: Interval = None,
    unit: Unit = None,
    map_: Mapping = None,
) -> None:
    """Read refused records again, and store those that are good now.

    They are read as their file was; what is given here replaces what was said or found then, such
    as --unit ms for times that were taken for seconds. Those that are refused again stay.
    """
    with session.connect() as db:
        report = db.capture.retry_quarantined(
            batch_id=batch,
            reason=reason,
            source=source,
            exchange=exchange,
            symbol=symbol,
            interval=interval,
            unit=unit,
            mapping=map_,
        )
    if session.json:
        output.emit(
            {
                "resolved": sum(one.resolved for one in report.batches),
                "refused": sum(one.refused for one in report.batches),
                "left": report.left,
                "batches": [_retried(one) for one in report.batches],
            }
        )
        return
    for one in report.batches:
        counts = _retried(one)
        output.say(f"{one.source}: batch {one.batch_id}, retried as {one.retry_batch_id}")
        passed = f", {one.passed:,} not asked for" if one.passed else ""
        output.say(f"  records: {one.resolved:,} resolved, {one.refused:,} refused again{passed}")
        output.say(f"  events: {counted((name, counts[name]) for name in NUMBERS)}")
        if one.repeated:
            output.say(
                f"  {one.repeated:,} records came more than once and have no id: if the file has"
                " them several times, import it again"
            )
    if not report.batches:
        output.say("nothing in quarantine can be read again")
    if report.left:
        output.say(f"{report.left:,} records came from no file and cannot be read again")


def _retried(one: RetriedBatch) -> dict[str, Any]:
    from cryptoscalp.capture.account import as_numbers

    return {
        "batch_id": one.batch_id,
        "retry_batch_id": one.retry_batch_id,
        "source": one.source,
        "resolved": one.resolved,
        "refused": one.refused,
        "passed": one.passed,
        "repeated": one.repeated,
        **as_numbers(one.account.total),
    }


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
def ensure_partitions(
    session: Session,
    start: MaybeStart = None,
    end: Annotated[
        datetime | None,
        typer.Option("--end", parser=parsed_time, metavar="TIME", help="Up to this day, included."),
    ] = None,
) -> None:
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
