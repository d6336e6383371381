"""What the derived tables must hold, computed from the ticks the slow and obvious way."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Context
from functools import reduce
from typing import Any

import psycopg

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_STEPS = {"1s": timedelta(seconds=1), "1m": timedelta(minutes=1)}
# 28 digits, Python's default, are too few for a sum of sizes.
_EXACT = Context(prec=100)
Row = tuple[Any, ...]


def fetch(dsn: str, query: str, *params: object) -> list[Row]:
    """The rows of a query."""
    with psycopg.connect(dsn, options="-c timezone=UTC") as connection:
        return connection.execute(query.encode(), params or None).fetchall()


def canonical_trades(dsn: str) -> dict[tuple[str, str], list[Row]]:
    """Trades of canonical feeds in event order: time, sequence, price, volume, side, receipt."""
    found: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for exchange, symbol, *trade in fetch(
        dsn,
        "SELECT t.exchange, t.symbol, t.timestamp, t.sequence, t.price, t.volume, t.side::text,"
        " t.received_at FROM market_data AS t JOIN instruments AS i"
        " ON i.symbol = t.symbol AND i.exchange = t.exchange AND i.canonical_feed = t.feed",
    ):
        found[exchange, symbol].append(tuple(trade))
    return {key: sorted(rows, key=lambda row: row[:2]) for key, rows in found.items()}


def candles(dsn: str) -> set[Row]:
    """Computed candles of 1 s and 1 min, from the ticks."""
    made = set()
    for (exchange, symbol), trades in canonical_trades(dsn).items():
        for interval, step in _STEPS.items():
            buckets: dict[datetime, list[Row]] = defaultdict(list)
            for trade in trades:
                buckets[_EPOCH + (trade[0] - _EPOCH) // step * step].append(trade)
            for start, inside in buckets.items():
                prices = [trade[2] for trade in inside]
                first, last = inside[0], inside[-1]
                volume = reduce(_EXACT.add, (trade[3] for trade in inside))
                made.add(
                    (start, symbol, exchange, interval, first[2], max(prices), min(prices),
                     last[2], volume, len(inside), *first[:2], *last[:2])
                )  # fmt: skip
    return made


def stored_candles(dsn: str) -> set[Row]:
    """Computed candles, from the table."""
    return set(
        fetch(
            dsn,
            "SELECT timestamp, symbol, exchange, interval::text, open, high, low, close, volume,"
            " trade_count, open_at, open_sequence, close_at, close_sequence FROM candles"
            " WHERE source = 'computed'",
        )
    )


def newest_trades(dsn: str) -> set[Row]:
    """The last trade of each instrument, from the ticks."""
    return {
        (symbol, exchange, last[0], last[2], last[3], last[4], last[1], last[5])
        for (exchange, symbol), trades in canonical_trades(dsn).items()
        for last in [trades[-1]]
    }


def newest_quotes(dsn: str) -> set[Row]:
    """The newest quote of each instrument, from the ticks."""
    newest: dict[tuple[str, str], Row] = {}
    for row in fetch(
        dsn,
        "SELECT q.symbol, q.exchange, q.timestamp, q.sequence, q.bid_price, q.bid_volume,"
        " q.ask_price, q.ask_volume, q.received_at FROM order_book_l1 AS q JOIN instruments AS i"
        " ON i.symbol = q.symbol AND i.exchange = q.exchange AND i.quote_source = q.source",
    ):
        key = row[0], row[1]
        newest[key] = max(newest.get(key, row), row, key=lambda one: one[2:4])
    return set(newest.values())


def _same(found: set[Row], expected: set[Row]) -> None:
    assert not (found ^ expected), {
        "too much": sorted(found - expected)[:3],
        "missing": sorted(expected - found)[:3],
    }


def check_derived(dsn: str) -> None:
    """Candles and newest rows equal what the ticks say; every tick has its instrument."""
    _same(stored_candles(dsn), candles(dsn))
    found = set(
        fetch(
            dsn,
            "SELECT symbol, exchange, timestamp, price, volume, side::text, sequence, received_at"
            " FROM newest_trades",
        )
    )
    _same(found, newest_trades(dsn))
    found = set(
        fetch(
            dsn,
            "SELECT symbol, exchange, timestamp, sequence, bid_price, bid_volume, ask_price,"
            " ask_volume, received_at FROM newest_quotes",
        )
    )
    _same(found, newest_quotes(dsn))
    assert not fetch(
        dsn,
        "(SELECT exchange, symbol FROM market_data UNION SELECT exchange, symbol"
        " FROM order_book_l1) EXCEPT SELECT exchange, symbol FROM instruments",
    )


def check_ledger(dsn: str) -> None:
    """Each batch that was not undone accounts for exactly its ticks, stream by stream."""
    held = {
        tuple(row[:4]): tuple(row[4:])
        for row in fetch(
            dsn,
            "SELECT batch_id, exchange, symbol, feed::text, count(*), min(timestamp),"
            " max(timestamp), min(sequence), max(sequence) FROM market_data"
            " WHERE batch_id IS NOT NULL GROUP BY 1, 2, 3, 4 UNION ALL"
            " SELECT batch_id, exchange, symbol, source::text, count(*), min(timestamp),"
            " max(timestamp), min(sequence), max(sequence) FROM order_book_l1"
            " WHERE batch_id IS NOT NULL GROUP BY 1, 2, 3, 4 UNION ALL"
            " SELECT batch_id, exchange, symbol, stream, count(*), min(timestamp), max(timestamp),"
            " NULL, NULL FROM (SELECT batch_id, exchange, symbol, 'candle_' || interval AS stream,"
            " timestamp FROM candles WHERE source = 'imported' UNION ALL"
            " SELECT batch_id, exchange, symbol, 'mark_price', timestamp FROM mark_prices UNION ALL"
            " SELECT batch_id, exchange, symbol, 'funding_rate', timestamp FROM funding_rates)"
            " AS states WHERE batch_id IS NOT NULL GROUP BY 1, 2, 3, 4",
        )
    }
    said = {
        tuple(row[:4]): tuple(row[4:])
        for row in fetch(
            dsn,
            "SELECT s.batch_id, s.exchange, s.symbol, s.stream, s.stored, s.first_timestamp,"
            " s.last_timestamp, s.first_sequence, s.last_sequence FROM batch_streams AS s"
            " JOIN batches AS b USING (batch_id) WHERE s.stored > 0 AND b.status <> 'UNDONE'",
        )
    }
    assert said == held
    check_ledger_totals(dsn)


def check_ledger_totals(dsn: str) -> None:
    """Each batch's account is the sum of its streams."""
    streams = fetch(
        dsn,
        "SELECT batch_id, coalesce(sum(s.received), 0)::bigint, coalesce(sum(s.stored), 0)::bigint,"
        " coalesce(sum(s.duplicate), 0)::bigint, coalesce(sum(s.quarantined), 0)::bigint,"
        " coalesce(sum(s.ignored), 0)::bigint FROM batches LEFT JOIN batch_streams AS s"
        " USING (batch_id) GROUP BY 1 ORDER BY 1",
    )
    assert streams == fetch(
        dsn,
        "SELECT batch_id, received, stored, duplicate, quarantined, ignored FROM batches"
        " ORDER BY 1",
    )


def id_runs(ids: Iterable[int]) -> list[tuple[int, int]]:
    """Runs of consecutive ids, the obvious way."""
    found: list[tuple[int, int]] = []
    for one in sorted(set(ids)):
        if found and found[-1][1] == one - 1:
            found[-1] = (found[-1][0], one)
        else:
            found.append((one, one))
    return found


def coverage_by_id(dsn: str) -> dict[tuple[str, str, str], list[tuple[int, int]]]:
    """The received runs of ids in the ledger."""
    found: dict[tuple[str, str, str], list[tuple[int, int]]] = defaultdict(list)
    for exchange, symbol, stream, first, last in fetch(
        dsn,
        "SELECT exchange, symbol, stream::text, first_sequence, last_sequence FROM coverage"
        " WHERE kind = 'RECEIVED' AND first_sequence IS NOT NULL ORDER BY first_sequence",
    ):
        found[exchange, symbol, stream].append((first, last))
    return dict(found)
