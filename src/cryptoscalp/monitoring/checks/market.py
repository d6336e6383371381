"""What is stored: every tick has its instrument, few records are refused, batches end."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from psycopg import sql

from cryptoscalp.infra.db.flow import Flow, rows
from cryptoscalp.monitoring.types import Check, Problem, Verdict, judged, listed, skipped

_DAY: Final = timedelta(days=1)
#: Refused records of a day are worth a look from so many, and from this share of what came.
_REFUSED: Final = 100
_REFUSED_SHARE: Final = 0.01
_QUARANTINE_BYTES: Final = 1024**3
# One index probe an instrument, whatever the number of ticks.
_INSTRUMENTS: Final = """
    WITH RECURSIVE seen AS (
        (SELECT symbol, exchange FROM {table} WHERE timestamp >= %(first)s AND timestamp < %(last)s
         ORDER BY symbol, exchange LIMIT 1)
        UNION ALL
        SELECT later.symbol, later.exchange FROM seen AS s, LATERAL (
            SELECT t.symbol, t.exchange FROM {table} AS t
            WHERE t.timestamp >= %(first)s AND t.timestamp < %(last)s
              AND (t.symbol, t.exchange) > (s.symbol, s.exchange)
            ORDER BY t.symbol, t.exchange LIMIT 1) AS later)
    SELECT s.symbol::text, s.exchange::text FROM seen AS s
    WHERE NOT EXISTS (SELECT FROM instruments AS i
                      WHERE i.symbol = s.symbol AND i.exchange = s.exchange) LIMIT 20
"""


def instruments() -> Flow[Verdict]:
    """Ticks of the newest day and newest rows have their instrument registered."""
    counted = yield from rows(
        "SELECT count(*), count(*) FILTER (WHERE tick_size IS NULL OR lot_size IS NULL),"
        " (SELECT max(timestamp) FROM newest_trades), (SELECT max(timestamp) FROM newest_quotes)"
        " FROM instruments"
    )
    registered, bare, traded, quoted = counted[0]
    held = yield from rows(
        "SELECT symbol::text, exchange::text FROM newest_trades EXCEPT"
        " SELECT symbol, exchange FROM instruments UNION ALL"
        " (SELECT symbol, exchange FROM newest_quotes EXCEPT"
        "  SELECT symbol, exchange FROM instruments)"
    )
    missing = {(symbol, exchange) for symbol, exchange in held}
    for table, newest in (("market_data", traded), ("order_book_l1", quoted)):
        if newest is not None:
            missing |= yield from _unregistered(table, newest)
    if not registered and not missing:
        return skipped("nothing is stored yet")
    problems = []
    if missing:
        names = listed(f"{symbol} on {exchange}" for symbol, exchange in sorted(missing))
        found = f"ticks without an instrument: {names}"
        hint = "import their file again, or restore the table instruments from a backup"
        problems.append(Problem("FAIL", found, hint))
    told = f"{registered:,} registered, none missing"
    if bare:
        told += f"; {bare:,} without tick or lot size (cryptoscalp instruments set)"
    return judged(told, problems)


def _unregistered(table: str, newest: datetime) -> Flow[set[tuple[str, str]]]:
    first = newest.replace(hour=0, minute=0, second=0, microsecond=0)
    found = yield from rows(
        sql.SQL(_INSTRUMENTS).format(table=sql.Identifier(table)),
        {"first": first, "last": first + _DAY},
        prepare=False,
    )
    return {(symbol, exchange) for symbol, exchange in found}


def quarantine() -> Flow[Verdict]:
    """Refused records are few, and not forgotten."""
    found = yield from rows(
        "SELECT count(*), count(*) FILTER (WHERE first_seen_at >= now() - interval '1 day'),"
        " pg_total_relation_size('quarantine'),"
        " pg_size_pretty(pg_total_relation_size('quarantine')),"
        " (SELECT coalesce(sum(received), 0)::bigint FROM batches"
        "  WHERE coalesce(finished_at, started_at) >= now() - interval '1 day')"
        " FROM quarantine WHERE resolved_at IS NULL"
    )
    count, fresh, size, pretty, received = found[0]
    problems = []
    if fresh >= _REFUSED and fresh > received * _REFUSED_SHARE:
        told = f"{fresh:,} records were refused in a day, of {received:,} events"
        hint = "cryptoscalp quarantine list says why; quarantine retry after a fix"
        problems.append(Problem("WARN", told, hint))
    if size > _QUARANTINE_BYTES:
        told = f"quarantine has {pretty}"
        problems.append(Problem("WARN", told, "cryptoscalp quarantine retry, or export"))
    return judged(f"{count:,} records are open, {fresh:,} of the last day, {pretty}", problems)


def batches() -> Flow[Verdict]:
    """Imports end: a batch that stays open was cut off."""
    found = yield from rows(
        "SELECT batch_id, source, started_at FROM batches"
        " WHERE status = 'OPEN' AND started_at < now() - interval '1 day' ORDER BY batch_id"
    )
    problems = [
        Problem("WARN", f"batch {number} ({source}) is open since {began:%Y-%m-%d %H:%M}",
                f"import it again, which completes it, or cryptoscalp import undo {number}")
        for number, source, began in found
    ]  # fmt: skip
    return judged("no batch is open for longer than a day", problems)


CHECKS: Final = (
    Check("instruments", "every tick has its instrument", instruments),
    Check("quarantine", "few records are refused", quarantine),
    Check("batches", "no import was cut off", batches),
)
