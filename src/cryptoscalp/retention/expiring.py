"""Flow: days whose seven years are over leave the cold tier."""

from __future__ import annotations

from datetime import date
from functools import partial

from cryptoscalp.infra.cold.lake import Lake
from cryptoscalp.infra.cold.types import ColdTable
from cryptoscalp.infra.db.flow import Flow, rows, using
from cryptoscalp.retention.alone import alone
from cryptoscalp.retention.calls import patiently


def expire_day(table: ColdTable, day: date) -> Flow[int]:
    """Take a day out of the ledger, then out of the lake; returns its rows.

    Its files are deleted when they have been unreferenced for 30 days.
    """
    gone: int | None = yield from patiently("SELECT expire_day(%s, %s)", (table.name, day))
    yield from using(Lake, lambda lake: lake.remove(table, day))
    return gone or 0


def finish_expired(table: ColdTable) -> Flow[None]:
    """Take out of the lake what a run that was cut off has taken out of the ledger only."""
    found = yield from rows(
        "SELECT DISTINCT first_day FROM departures AS d"
        " WHERE table_name = %s AND reason = 'expired' AND departed_at > now() - interval '7 days'"
        " AND NOT EXISTS (SELECT FROM cold_parts AS p"
        "                 WHERE p.table_name = d.table_name AND p.day = d.first_day)"
        " ORDER BY first_day",
        (table.name,),
    )
    for (day,) in found:
        yield from alone(table.name, day, partial(_remove, table, day))


def _remove(table: ColdTable, day: date) -> Flow[None]:
    # Under the lock of the day's runs: none has exported anything since.
    found = yield from rows(
        "SELECT FROM cold_parts WHERE table_name = %s AND day = %s LIMIT 1", (table.name, day)
    )
    if not found:
        yield from using(Lake, lambda lake: lake.remove(table, day))
