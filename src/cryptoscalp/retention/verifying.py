"""Flow: the cold tier read back and compared with the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final

from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.infra.db.flow import Flow, rows
from cryptoscalp.infra.jobs.records import clear_alert, raise_alert
from cryptoscalp.retention.moving import read_back
from cryptoscalp.retention.planning import BY_DAY, chosen
from cryptoscalp.retention.types import Damage, Verified

#: Source of the alerts of damaged days.
ALERTS: Final = "cold tier"


def verify(
    tables: Iterable[str] | None = None,
    first: date | None = None,
    last: date | None = None,
    sample: int | None = None,
) -> Flow[Verified]:
    """Read days back from the lake and compare every part with the ledger, by its hash.

    `first` and `last` are days, both included. `sample` takes so many days only: those that were
    verified the longest ago. What differs is returned, and is read from PostgreSQL again, and
    exported again, where PostgreSQL still holds it: nothing damaged is dropped. A damaged day is an
    alert until it is found whole. Raises InputError for a table that has no cold tier.
    """
    if sample is not None and sample < 1:
        raise InputError(f"sample is {sample}; at least one day is verified")
    if first is not None and last is not None and last < first:
        raise InputError(f"the last day, {last}, lies before the first, {first}")
    held = {kept.table: kept.cold for kept in chosen(tables, [k for k in BY_DAY if k.cold])}
    found = yield from rows(
        "SELECT table_name, day, count(*), sum(rows)::bigint FROM cold_parts"
        " WHERE table_name = ANY (%s) AND state <> 'THAWED'"
        " AND day BETWEEN coalesce(%s, '-infinity'::date) AND coalesce(%s, 'infinity'::date)"
        " GROUP BY table_name, day"
        " ORDER BY min(coalesce(verified_at, '-infinity')), day, table_name LIMIT %s",
        (list(held), first, last, sample),
    )
    damaged: list[Damage] = []
    for table, day, _, _ in found:
        cold = held[table]
        assert cold is not None
        wrong = yield from read_back(cold, day)
        damaged += wrong
        yield from _tell(table, day, wrong)
    parts = sum(row[2] for row in found) - len(damaged)
    return Verified(len(found), parts, sum(row[3] for row in found), tuple(damaged))


def _tell(table: str, day: date, wrong: Sequence[Damage]) -> Flow[None]:
    """Raise an alert for a day that is damaged; clear the one of a day that is whole."""
    name = f"{table} {day}"
    if wrong:
        first = wrong[0]
        more = f" (and {len(wrong) - 1} parts more)" if len(wrong) > 1 else ""
        message = f"{first.part.symbol} on {first.part.exchange}: {first.detail}{more}"
        yield from raise_alert(ALERTS, name, message)
    else:
        yield from clear_alert(ALERTS, name)
