"""Scheduled work on market data: days made ahead, and the proof that instruments are known."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from psycopg import sql

from cryptoscalp.infra.db.errors import IntegrityRefused
from cryptoscalp.infra.db.flow import Flow, Row, aside, rows
from cryptoscalp.infra.jobs.types import Job, Outcome
from cryptoscalp.infra.settings import Settings
from cryptoscalp.market.columnstore import compress_days
from cryptoscalp.market.partitions import ensure_partitions

_DAILY: Final = ("market_data", "order_book_l1", "candles_1s", "mark_prices", "funding_rates")
_MONTHLY: Final = ("candles_long",)
_TICKS: Final = ("market_data", "order_book_l1")
#: Days back from today whose ticks are looked at; what was written to older ones is on record.
_LOOKED_AT: Final = 3
#: Pairs named in an error.
_TOLD: Final = 20


def make_partitions() -> Flow[Outcome]:
    """Make the partitions of the next days (CRYPTOSCALP_PARTITION_DAYS_AHEAD) and of next month.

    What is there stays. Blocks no reader and no writer (see `ensure_partitions`).
    """
    ahead = Settings().partition_days_ahead
    found = yield from rows("SELECT now()")
    today = found[0][0]
    last = today + timedelta(days=ahead)
    next_month = max(last, today.replace(day=1) + timedelta(days=31))
    daily = yield from aside(lambda: ensure_partitions(today, last, _DAILY))
    monthly = yield from aside(lambda: ensure_partitions(today, next_month, _MONTHLY))
    made = daily + monthly
    return Outcome(made, f"{made} made; days to {last:%Y-%m-%d} are there")


def check_instruments() -> Flow[Outcome]:
    """Prove that every tick has its instrument; IntegrityRefused with a list when one has none.

    Looks at the last three days, and at older days that were written to within two days (the
    record of late writes): whatever came in since yesterday's check is covered. A loose index scan
    reads one index entry for each symbol of a day, however many ticks it has.
    """
    strange: list[str] = []
    days = looked_at = 0
    for table in _TICKS:
        for day in (yield from _written(table)):
            pairs = yield from _pairs(table, day)
            days, looked_at = days + 1, looked_at + len(pairs)
            unknown = yield from _unknown(pairs)
            strange += [f"{symbol} on {exchange} ({table}, {day})" for symbol, exchange in unknown]
    if strange:
        more = f" and {len(strange) - _TOLD} more" if len(strange) > _TOLD else ""
        raise IntegrityRefused(
            f"ticks without an instrument: {', '.join(strange[:_TOLD])}{more}; register them:"
            " `cryptoscalp instruments set SYMBOL --exchange NAME`, and find who wrote them past"
            " the triggers"
        )
    return Outcome(looked_at, f"{days} days of ticks looked at, none lacks its instrument")


def _written(table: str) -> Flow[list[date]]:
    found = yield from rows(
        "SELECT current_date - back FROM generate_series(0, %s) AS back UNION"
        " SELECT day FROM late_writes"
        " WHERE table_name = %s AND written_at > now() - interval '2 days' ORDER BY 1",
        (_LOOKED_AT, table),
    )
    return [row[0] for row in found]


def _pairs(table: str, day: date) -> Flow[list[Row]]:
    """Every (symbol, exchange) of a day."""
    query = sql.SQL(
        """
        WITH RECURSIVE pair AS (
            (SELECT symbol, exchange FROM {table} WHERE {of_day} ORDER BY symbol, exchange LIMIT 1)
            UNION ALL
            SELECT following.* FROM pair CROSS JOIN LATERAL (
                SELECT symbol, exchange FROM {table}
                WHERE (symbol, exchange) > (pair.symbol, pair.exchange) AND {of_day}
                ORDER BY symbol, exchange LIMIT 1) AS following)
        SELECT symbol::text, exchange::text FROM pair
        """
    ).format(
        table=sql.Identifier(table),
        of_day=sql.SQL("timestamp >= %(low)s AND timestamp < %(high)s"),
    )
    low = datetime.combine(day, time(), UTC)
    return (yield from rows(query, {"low": low, "high": low + timedelta(days=1)}, prepare=False))


def _unknown(pairs: list[Row]) -> Flow[list[Row]]:
    if not pairs:
        return []
    return (
        yield from rows(
            "SELECT symbol, exchange"
            " FROM unnest(%s::text[], %s::text[]) AS found (symbol, exchange) WHERE NOT EXISTS ("
            "SELECT FROM instruments AS known"
            "   WHERE known.symbol = found.symbol AND known.exchange = found.exchange)",
            ([row[0] for row in pairs], [row[1] for row in pairs]),
        )
    )


JOBS: Final[tuple[Job, ...]] = (
    Job("make_partitions", "make the partitions of the next days and months", "7 * * * *",
        make_partitions, "partitions", timeout=timedelta(minutes=10), window=timedelta(hours=6)),
    Job("check_instruments", "prove that no tick lacks its instrument", "20 1 * * *",
        check_instruments, "check_instruments", timeout=timedelta(hours=1),
        window=timedelta(days=2)),
    Job("compress_days", "compress closed days where TimescaleDB has its columnstore", "40 * * * *",
        compress_days, "compress_days", timeout=timedelta(hours=2), window=timedelta(days=1)),
)  # fmt: skip
