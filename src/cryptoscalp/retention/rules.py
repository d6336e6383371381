"""When a day moves, leaves and expires: pure functions of what is known of it (S19)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from typing import Final

from cryptoscalp.infra.cold.types import Kept
from cryptoscalp.retention.types import Action, Facts, Planned

#: Operational rows are kept for so long, wherever the class says nothing else.
OPERATIONAL: Final = timedelta(days=30)
#: Regulated rows are kept for so many calendar years.
YEARS: Final = 7
#: Writes to younger days are not noted in the ledger, so such days never move.
YOUNGEST: Final = timedelta(days=2)


def counted_from(day: date, written_at: datetime | None) -> datetime:
    """The moment from which a day ages: its end, or its last write if that is later."""
    end = datetime.combine(day, time(), UTC) + timedelta(days=1)
    return end if written_at is None else max(end, written_at)


def expires_at(day: date, written_at: datetime | None) -> datetime:
    """The moment at which a regulated day's seven years are over."""
    start = counted_from(day, written_at)
    try:
        return start.replace(year=start.year + YEARS)
    except ValueError:
        # As PostgreSQL has it: seven years after 29 February is 28 February.
        return start.replace(year=start.year + YEARS, day=28)


def decide(
    kept: Kept, facts: Facts, as_of: datetime, hot_days: int, *, ticks: bool = False
) -> tuple[Action, str]:
    """What is to happen to a day, and why.

    `ticks`: trades of the day are in PostgreSQL, and are not about to leave.
    """
    action, reason = _due(kept, facts, as_of, hot_days, ticks)
    if action in ("move", "drop", "expire") and facts.holds:
        numbers = ", ".join(map(str, facts.holds))
        return "blocked", f"under hold {numbers}; {reason}"
    return action, reason


def _due(
    kept: Kept, facts: Facts, as_of: datetime, hot_days: int, ticks: bool
) -> tuple[Action, str]:
    since = counted_from(facts.day, facts.written_at)
    late = " of its last write" if facts.written_at and facts.written_at == since else ""
    if kept.retention == "operational":
        return _operational(facts, as_of, since, late, ticks)
    if facts.kind is None:
        over = expires_at(facts.day, facts.written_at)
        if facts.open:
            return "keep", "its export is waiting for rows that are not in PostgreSQL"
        if as_of >= over:
            return "expire", f"{YEARS} years are over since {over:%Y-%m-%d}"
        return "keep", f"in the cold tier for {YEARS} years{late and ' from its last write'}"
    if _young(facts.day, as_of):
        return "keep", "ended less than two days ago"
    if facts.cold and not facts.open:
        return "drop", "read from the cold tier already"
    if as_of < since + timedelta(days=hot_days):
        return "keep", f"within {hot_days} days{late}"
    return "move", f"more than {hot_days} days old{late and ' since its last write'}"


def _operational(
    facts: Facts, as_of: datetime, since: datetime, late: str, ticks: bool
) -> tuple[Action, str]:
    if facts.kind is None:
        return "keep", "gone"
    if as_of < since + OPERATIONAL:
        return "keep", f"within {OPERATIONAL.days} days{late}"
    if facts.departed_at is not None and facts.kind == "partition" and facts.departed_at >= since:
        return "keep", "imported candles, which are permanent"
    if ticks:
        return "blocked", "follows from ticks that stay in PostgreSQL"
    return "drop", f"operational, more than {OPERATIONAL.days} days old{late}"


def _young(day: date, as_of: datetime) -> bool:
    return counted_from(day, None) > as_of - YOUNGEST


def joined(decided: Iterable[tuple[Facts, Action, str]]) -> list[Planned]:
    """Days in order, those next to each other with one action and reason joined."""
    lines: list[Planned] = []
    for (table, action, reason), group in groupby(decided, lambda d: (d[0].table, d[1], d[2])):
        held = [facts for facts, _, _ in group]
        lines.append(
            Planned(
                table,
                held[0].day,
                held[-1].day,
                len(held),
                action,
                reason,
                sum(one.rows if one.kind else one.cold_rows for one in held),
                sum(one.bytes for one in held),
            )
        )
    return lines
