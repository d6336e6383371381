"""`cryptoscalp retention`: what leaves, when and why; holds; days back from the cold tier."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from cryptoscalp.cli import output
from cryptoscalp.cli.session import Session, command
from cryptoscalp.cli.times import End, MaybeEnd, MaybeStart, Start

if TYPE_CHECKING:
    from cryptoscalp.retention.types import Done, Hold, Planned

_retention = typer.Typer(
    rich_markup_mode=None, help="What leaves PostgreSQL and the cold tier, when, and what holds it."
)

Tables = Annotated[
    list[str] | None,
    typer.Option("--table", metavar="NAME", help="Only this table; may be given several times."),
]
Table = Annotated[str, typer.Option("--table", metavar="NAME", help="The table.")]
HotDays = Annotated[
    int | None,
    typer.Option(
        "--hot-days", min=0, help="Days in PostgreSQL; CRYPTOSCALP_HOT_DAYS (30) unless given."
    ),
]
By = Annotated[str, typer.Option("--by", metavar="NAME", help="Who does it.")]


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(_retention, name="retention")


@command(_retention, "plan")
def plan(session: Session, table: Tables = None, hot_days: HotDays = None) -> None:
    """Show what a run would do now, and why.

    Changes nothing. Rows and sizes are PostgreSQL's own estimates.
    """
    with session.connect() as db:
        found = db.retention.plan(hot_days=hot_days, tables=table)
    if session.json:
        output.emit(found)
        return
    output.table(
        ["table", "days", "what", "rows", "size", "why"],
        [
            (one.table, _days(one), one.action, one.rows, output.size(one.bytes), one.reason)
            for one in found.lines
        ],
        right=["rows", "size"],
    )
    if not found.due:
        stuck = any(one.action == "blocked" for one in found.lines)
        output.say("nothing is due but what is blocked" if stuck else "nothing is due")


@command(_retention, "run")
def run(
    session: Session,
    table: Tables = None,
    hot_days: HotDays = None,
    yes: Annotated[
        bool,
        typer.Option(
            "--yes",
            help="Also destroy for good what the plan says: operational rows, expired days.",
        ),
    ] = False,
) -> None:
    """Do what the plan says, day by day.

    Regulated days move to the cold tier: exported, read back, and only then dropped. What would
    be gone for good stays unless --yes is given; the scheduled jobs take it at its time. Exit
    code 1 when a day could not move.
    """
    with session.connect() as db:
        report = db.retention.run(
            table, hot_days, destroy=yes, progress=None if session.json else _tell
        )
    if session.json:
        output.emit(report)
    else:
        output.say(f"{report.rows:,} rows moved or gone, {len(report.done):,} pieces looked at")
    if report.failed:
        raise typer.Exit(1)


@command(_retention, "verify")
def verify(
    session: Session,
    table: Tables = None,
    start: MaybeStart = None,
    end: MaybeEnd = None,
    sample: Annotated[
        int | None,
        typer.Option("--sample", min=1, help="So many days: those verified the longest ago."),
    ] = None,
) -> None:
    """Read the cold tier back and compare it with the ledger.

    Exit code 1 when a part is damaged: altered, cut short or missing.
    """
    with session.connect() as db:
        found = db.retention.verify(
            table,
            None if start is None else start.date(),
            None if end is None else _last(end),
            sample,
        )
    if session.json:
        output.emit(found)
    else:
        for one in found.damaged:
            part = one.part
            more = "; PostgreSQL has it and exports it again" if one.restored else ""
            output.say(
                f"{part.table} {part.day} {part.symbol} on {part.exchange}: {one.detail}{more}"
            )
        output.say(
            f"{found.days:,} days read back, {found.rows:,} rows by the ledger:"
            f" {found.parts:,} parts agree, {len(found.damaged):,} are damaged"
        )
    if found.damaged:
        raise typer.Exit(1)


@command(_retention, "hold")
def hold(
    session: Session,
    table: Table,
    start: Start,
    end: End,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why.")],
    by: By,
) -> None:
    """Hold a table's days: none of their rows leaves until it is released."""
    with session.connect() as db:
        found = db.retention.hold(table, start.date(), _last(end), reason, by)
    _show(session, [found])


@command(_retention, "release")
def release(
    session: Session,
    hold_id: Annotated[int, typer.Argument(metavar="HOLD", help="Its number.")],
    by: By,
) -> None:
    """Release a hold; its record stays."""
    with session.connect() as db:
        found = db.retention.release(hold_id, by)
    _show(session, [found])


@command(_retention, "holds")
def holds(
    session: Session,
    released: Annotated[
        bool, typer.Option("--released", help="Those too that were released.")
    ] = False,
) -> None:
    """Show the holds in force."""
    with session.connect() as db:
        found = db.retention.holds(released=released)
    if session.json:
        output.emit(found)
    elif found:
        _show(session, found)
    else:
        output.say("no hold is in force")


@command(_retention, "thaw")
def thaw(
    session: Session,
    table: Table,
    exchange: Annotated[str, typer.Option("--exchange", metavar="ID", help="Its exchange.")],
    symbol: Annotated[str, typer.Option("--symbol", metavar="SYMBOL", help="The instrument.")],
    start: Start,
    end: End,
) -> None:
    """Bring an instrument's days back from the cold tier, to be written to.

    They move again when they are old enough, counted from now.
    """
    with session.connect() as db:
        rows = db.retention.thaw(table, exchange, symbol, start.date(), _last(end))
    if session.json:
        output.emit({"table": table, "exchange": exchange, "symbol": symbol, "rows": rows})
    else:
        output.say(f"{rows:,} rows brought back" if rows else "no row of these days was away")


def _last(end: datetime) -> date:
    """The last day of a range whose end is not included."""
    return (end - timedelta(microseconds=1)).date()


def _days(one: Planned) -> str:
    first, last = one.first_day, one.last_day
    return f"{first}" if first == last else f"{first} to {last}"


def _tell(one: Done) -> None:
    where = one.table if one.day is None else f"{one.table} {one.day}"
    detail = f": {one.detail}" if one.detail else ""
    output.say(f"{where} {one.outcome}, {one.rows:,} rows{detail}")


def _show(session: Session, found: list[Hold]) -> None:
    if session.json:
        output.emit(found[0])
        return
    for one in found:
        state = "in force" if one.released_at is None else f"released by {one.released_by}"
        output.say(f"hold {one.hold_id} on {one.table} {one.first_day} to {one.last_day}: {state}")
        output.say(f"  {one.reason} (placed by {one.placed_by}, {output.cell(one.placed_at)})")
