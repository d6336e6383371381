"""States as chunks, and their way into a database as an importer goes it."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from cryptoscalp import AsyncDatabase
from cryptoscalp.capture.account import Account
from cryptoscalp.capture.chunk import (
    CANDLE_COLUMNS,
    FUNDING_COLUMNS,
    MARK_COLUMNS,
    Chunk,
    Columns,
    empty_quotes,
    empty_trades,
)
from cryptoscalp.capture.ledger import Continuity
from cryptoscalp.capture.prepare import joined, prepare
from cryptoscalp.capture.writer import Origin, Written

#: 2024-08-08 12:00 UTC in µs.
NOON_US = 1_723_118_400_000_000
MINUTE_US = 60_000_000
Record = dict[str, Any]


def candle(minute: int, close: str = "1.5", **changes: Any) -> Record:
    """A candle of one minute, so many minutes past noon."""
    return {
        "timestamp": NOON_US + minute * MINUTE_US, "exchange": "binance", "symbol": "BTCUSDT",
        "interval": "1m", "open": "1", "high": "1000000000", "low": "0.000000000001",
        "close": close, "volume": "10", "trade_count": 3, **changes,
    }  # fmt: skip


def mark(second: int, price: str = "100", **changes: Any) -> Record:
    """A mark price, so many seconds past noon."""
    return {
        "timestamp": NOON_US + second * 1_000_000, "received_at": None, "exchange": "binanceusdm",
        "symbol": "BTCUSDT", "mark_price": price, "index_price": None, **changes,
    }  # fmt: skip


def funding(second: int, rate: str = "0.0001", **changes: Any) -> Record:
    """A funding rate, so many seconds past noon."""
    return {
        "timestamp": NOON_US + second * 1_000_000, "received_at": None, "exchange": "binanceusdm",
        "symbol": "BTCUSDT", "funding_rate": rate, "funding_time": None, "predicted_rate": None,
        **changes,
    }  # fmt: skip


def chunk_of(
    candles: Sequence[Record] = (),
    marks: Sequence[Record] = (),
    fundings: Sequence[Record] = (),
    first_line: int = 1,
) -> Chunk:
    """States as a parser hands them over; the raw record is the state as JSON."""
    records = [*candles, *marks, *fundings]
    lines = iter(range(first_line, first_line + len(records)))

    def frame(rows: Sequence[Record], columns: Columns) -> pl.DataFrame:
        return pl.DataFrame([{**row, "line": next(lines)} for row in rows], schema=columns)

    def raw(line: int) -> bytes:
        if line < first_line:
            raise KeyError(line)
        return json.dumps(records[line - first_line]).encode()

    return Chunk(
        empty_trades(), empty_quotes(), (), {}, raw, len(records),
        candles=frame(candles, CANDLE_COLUMNS),
        mark_prices=frame(marks, MARK_COLUMNS),
        funding_rates=frame(fundings, FUNDING_COLUMNS),
    )  # fmt: skip


async def store(db: AsyncDatabase, *chunks: Chunk, source: str = "a file") -> tuple[int, Account]:
    """Store chunks as one batch; its number and its account."""
    batch_id, written = await store_all(db, *chunks, source=source)
    total = Account()
    for one in written:
        total.add(one.account)
    return batch_id, total


async def store_all(
    db: AsyncDatabase, *chunks: Chunk, source: str = "a file"
) -> tuple[int, list[Written]]:
    """Store chunks as one batch, joined where they may be; what became of each transaction."""
    batch_id = await db.capture.open_batch(source, "made up")
    origin = Origin(batch_id, source, Continuity.UNKNOWN, Continuity.UNKNOWN)
    parts = [part for one in chunks for part in prepare(one, now_us=time.time_ns() // 1000)]
    written = [await db.capture.write(part, origin, {}) for part in joined(parts)]
    await db.capture.close_batch(batch_id)
    return batch_id, written


def moment(minute: int) -> datetime:
    """So many minutes past noon."""
    return datetime.fromtimestamp(NOON_US // 1_000_000, UTC) + timedelta(minutes=minute)
