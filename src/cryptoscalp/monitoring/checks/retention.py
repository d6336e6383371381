"""The cold tier: what was written there is verified, what is due has left, nothing piles up."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from cryptoscalp.infra.db.capabilities import capabilities
from cryptoscalp.infra.db.flow import Flow, rows, using
from cryptoscalp.monitoring.checks.pieces import pieces
from cryptoscalp.monitoring.types import Check, Problem, Surroundings, Verdict, judged, listed
from cryptoscalp.schema import KEPT

#: Export and verification follow each other; a part that waits longer did not pass.
_UNVERIFIED: Final = timedelta(days=1)
#: A day may be due for so long before somebody is told: one nightly run may fail.
_GRACE: Final = timedelta(days=2)
#: Files that nothing refers to are kept for 30 days, then deleted by a daily job.
_SWEPT: Final = timedelta(days=32)
_REGULATED: Final = [entry.table for entry in KEPT if entry.cold is not None]
_RUN: Final = "cryptoscalp retention plan says why, retention run does it"


def cold_parts() -> Flow[Verdict]:
    """Each part in the lake was read back and found equal."""
    counted = yield from rows(
        "SELECT count(*), count(*) FILTER (WHERE state = 'COLD') FROM cold_parts"
    )
    waiting = yield from rows(
        "SELECT table_name, day, count(*) FROM cold_parts"
        " WHERE state = 'WRITTEN' AND written_at < now() - %s"
        " GROUP BY table_name, day ORDER BY day, table_name",
        (_UNVERIFIED,),
    )
    problems = [
        Problem("FAIL", f"{count:,} parts of {table} of {day} were written and never verified",
                f"cryptoscalp retention verify reads them back; {_RUN}")
        for table, day, count in waiting
    ]  # fmt: skip
    parts, cold = counted[0]
    return judged(f"{parts:,} parts in the lake, {cold:,} of them only there", problems)


def due() -> Flow[Verdict]:
    """What is older than the hot days has left PostgreSQL, unless it is held."""
    hot_days = yield from using(Surroundings, lambda around: around.hot_days)
    found = yield from rows("SELECT now()")
    before = found[0][0] - timedelta(days=hot_days) - _GRACE
    stored = yield from _stored()
    late = yield from rows(
        "SELECT table_name, day FROM late_writes WHERE written_at >= %s", (before,)
    )
    holds = yield from rows(
        "SELECT table_name, first_day, last_day FROM retention_holds WHERE released_at IS NULL"
    )
    fresh = set(late)
    waiting = [
        (table, day)
        for table, day in stored
        if day + timedelta(days=1) <= before.date()
        and (table, day) not in fresh
        and not any(table == held and first <= day <= last for held, first, last in holds)
    ]
    problems = []
    if waiting:
        days = listed(f"{table} {day}" for table, day in waiting)
        told = f"{len(waiting)} days are due and still in PostgreSQL: {days}"
        problems.append(Problem("WARN", told, _RUN))
    told = f"nothing older than {hot_days} days waits; {len(holds)} holds in force"
    return judged(told, problems)


def _stored() -> Flow[list[tuple[str, date]]]:
    """Table and day of every piece of a regulated table that holds rows."""
    held = yield from pieces()
    found = [
        (piece.table, piece.low.date())
        for piece in held
        if piece.table in _REGULATED and piece.low is not None and piece.rows
    ]
    if (yield from capabilities()).layout == "timescale":
        chunks = yield from rows(
            "SELECT hypertable_name::text, (range_start AT TIME ZONE 'UTC')::date"
            " FROM timescaledb_information.chunks WHERE hypertable_schema = 'public'"
            " AND hypertable_name = ANY (%s)",
            (_REGULATED,),
        )
        found += chunks
    return sorted(found)


def orphans() -> Flow[Verdict]:
    """Files that no table refers to are deleted when their 30 days are over."""
    found = yield from rows(
        "SELECT count(*), count(*) FILTER (WHERE found_at < now() - %s), min(found_at)"
        " FROM cold_orphans",
        (_SWEPT,),
    )
    count, overdue, oldest = found[0]
    problems = []
    if overdue:
        told = f"{overdue:,} files of the warehouse are referred to by nothing since {oldest:%F}"
        problems.append(Problem("WARN", told, "cryptoscalp retention run deletes them"))
    return judged(f"{count:,} files wait for the end of their 30 days", problems)


CHECKS: Final = (
    Check("cold-verified", "what lies in the lake was read back", cold_parts),
    Check("retention", "what is due has left PostgreSQL", due),
    Check("cold-orphans", "files of the lake that nothing needs go away", orphans),
)
