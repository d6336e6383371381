"""Flow: days of an instrument come back into PostgreSQL."""

from __future__ import annotations

from datetime import date

from cryptoscalp.infra.cold.types import Part
from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.infra.db.flow import Flow, rows
from cryptoscalp.market import thaw as market
from cryptoscalp.market.names import resolve
from cryptoscalp.retention.planning import BY_DAY, chosen


def thaw(table: str, exchange: str, symbol: str, first_day: date, last_day: date) -> Flow[int]:
    """Bring an instrument's days, both included, back into PostgreSQL; the number of rows.

    They can be written then, and move to the cold tier again when they are old enough, counted
    from now. Raises InputError for a table without a cold tier, NotFound for an instrument that is
    not known, ColdDamage where the lake cannot give the rows.
    """
    chosen([table], [kept for kept in BY_DAY if kept.cold])
    if last_day < first_day:
        raise InputError(f"{first_day} to {last_day}, both included, is no day")
    symbol, exchange = yield from resolve(symbol, exchange)
    found = yield from rows(
        "SELECT day FROM cold_parts WHERE table_name = %s AND symbol = %s AND exchange = %s"
        " AND day BETWEEN %s AND %s AND state = 'COLD' ORDER BY day",
        (table, symbol, exchange, first_day, last_day),
    )
    return (yield from market.thaw_all(Part(table, day, exchange, symbol) for (day,) in found))
