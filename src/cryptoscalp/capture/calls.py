"""Flows: a caller's Arrow tables as one batch each."""

from __future__ import annotations

import time
from datetime import datetime

import pyarrow as pa

from cryptoscalp.capture.account import Account, Stream
from cryptoscalp.capture.arrow_source import quotes_chunk, trades_chunk
from cryptoscalp.capture.batches import close_batch, open_batch
from cryptoscalp.capture.chunk import Chunk
from cryptoscalp.capture.ledger import Continuity
from cryptoscalp.capture.prepare import prepare
from cryptoscalp.capture.room import make_room
from cryptoscalp.capture.writer import Origin, store
from cryptoscalp.infra.db.flow import Flow


def write_trades(
    table: pa.Table, *, source: str = "arrow", continuity: Continuity = Continuity.UNKNOWN
) -> Flow[Account]:
    """Store trades in one transaction; what is stored already is counted, not stored again.

    Columns: timestamp (timestamp[us, tz]), exchange, symbol, price, volume (decimal, text,
    integer, or float64, whose shortest decimal form is stored), and where known sequence (int64,
    the venue's id), side ("BUY" or "SELL", the aggressor), received_at, feed ("trade" unless
    given). Rows that break a rule go to quarantine and are counted. `continuity` says what the
    rows prove about completeness. Returns the account. Raises InputError for a table that does
    not fit.
    """
    return (yield from _store(trades_chunk(table), source, continuity))


def write_quotes(
    table: pa.Table, *, source: str = "arrow", continuity: Continuity = Continuity.UNKNOWN
) -> Flow[Account]:
    """Store quotes in one transaction; see `write_trades`.

    Columns: timestamp, exchange, symbol, bid_price, bid_volume, ask_price, ask_volume, and where
    known sequence, received_at, source ("ticker" unless given), by_receive_time (the timestamp
    is a recorder's clock: twins are looked for within 5 minutes instead of 2 seconds).
    """
    return (yield from _store(quotes_chunk(table), source, continuity))


def _store(chunk: Chunk, source: str, continuity: Continuity) -> Flow[Account]:
    total = Account()
    parts = list(prepare(chunk, now_us=time.time_ns() // 1000))
    # All of it before the first lock: what comes back from the cold tier takes the same ones.
    for part in parts:
        yield from make_room(part)
    batch_id = yield from open_batch(source, "arrow")
    origin = Origin(batch_id, source, continuity, continuity)
    tails: dict[Stream, datetime] = {}
    for part in parts:
        written = yield from store(part, origin, tails)
        tails |= written.tails
        total.add(written.account)
    yield from close_batch(batch_id)
    return total
