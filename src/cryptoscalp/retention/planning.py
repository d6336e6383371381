"""Flow: what a run of retention would do, and why."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Final

from psycopg import sql

from cryptoscalp.infra.cold.types import Kept
from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.infra.db.flow import Flow, rows
from cryptoscalp.infra.settings import MOST_DAYS, Settings
from cryptoscalp.retention.facts import facts
from cryptoscalp.retention.rules import OPERATIONAL, decide, joined
from cryptoscalp.retention.types import Action, Facts, Plan, Planned
from cryptoscalp.schema import KEPT

#: Tables whose days leave: the regulated ones first, for 1-second candles follow from ticks.
BY_DAY: Final = tuple(
    sorted(
        (kept for kept in KEPT if kept.partitions == "day" and kept.retention != "permanent"),
        key=lambda kept: kept.retention == "operational",
    )
)
#: Operational tables whose rows leave one by one.
BY_ROW: Final = tuple(
    kept for kept in KEPT if kept.partitions is None and kept.retention == "operational"
)


def chosen(tables: Iterable[str] | None, among: Iterable[Kept]) -> list[Kept]:
    """The entries of some tables, all unless said; InputError for one that is not there."""
    held = {kept.table: kept for kept in among}
    if tables is None:
        return list(held.values())
    tables = [tables] if isinstance(tables, str) else list(tables)
    strange = [name for name in tables if name not in held]
    if strange:
        raise InputError(
            f"{', '.join(strange)}: retention has no such table here; choose {', '.join(held)}"
        )
    return [kept for kept in held.values() if kept.table in set(tables)]


def hot_for(hot_days: int | None) -> int:
    """How many days regulated rows stay in PostgreSQL; InputError for what is no such number."""
    days = Settings().hot_days if hot_days is None else hot_days
    if not isinstance(days, int) or not 0 <= days <= MOST_DAYS:
        raise InputError(f"hot_days is {days!r}; it counts days, from 0 to {MOST_DAYS:,}")
    return days


def plan(
    as_of: datetime | None = None,
    hot_days: int | None = None,
    *,
    tables: Iterable[str] | None = None,
) -> Flow[Plan]:
    """What a run would do at `as_of` (now unless said), and why.

    `hot_days` is how long regulated rows stay in PostgreSQL, CRYPTOSCALP_HOT_DAYS unless given.
    Raises InputError for a time without a zone or a table that retention does not know.
    """
    moment = as_of or datetime.now(UTC)
    if moment.tzinfo is None:
        raise InputError(f"as_of {moment} has no time zone; give one, such as UTC")
    days = hot_for(hot_days)
    wanted = chosen(tables, (*BY_DAY, *BY_ROW))
    decided = yield from decisions(moment, days)
    lines = joined(one for one in decided if any(k.table == one[0].table for k in wanted))
    for kept in wanted:
        if kept in BY_ROW:
            lines += yield from _rows_due(kept, moment)
    return Plan(moment, days, tuple(lines))


def decisions(as_of: datetime, hot_days: int) -> Flow[list[tuple[Facts, Action, str]]]:
    """The decision for every day of every table, in the order in which a run goes through them."""
    decided: list[tuple[Facts, Action, str]] = []
    staying: set[date] = set()
    for kept in BY_DAY:
        follow = staying if kept.table == "candles_1s" else set()
        for one in (yield from facts(kept.table)):
            action, reason = decide(kept, one, as_of, hot_days, ticks=one.day in follow)
            decided.append((one, action, reason))
            if kept.table == "market_data" and one.kind and action in ("keep", "blocked"):
                staying.add(one.day)
    return decided


def _rows_due(kept: Kept, as_of: datetime) -> Flow[list[Planned]]:
    found = yield from rows(
        sql.SQL(
            "SELECT count(*), min({0})::date, max({0})::date, {0} < %s AS old FROM {1}"
            " GROUP BY old ORDER BY old DESC"
        ).format(sql.Identifier(kept.moment), sql.Identifier(kept.table)),
        (as_of - OPERATIONAL,),
    )
    return [
        Planned(
            kept.table,
            first,
            last,
            (last - first).days + 1,
            "drop" if old else "keep",
            f"rows {'more than' if old else 'within'} {OPERATIONAL.days} days",
            count,
            0,
        )
        for count, first, last, old in found
    ]
