"""The batching writer: one flow that stores a prepared part of a batch in one transaction.

Order of the work (all writers keep it, so that they wait for each other instead of deadlocking):
room (partitions, days out of the cold tier), batch, stream locks (of ticks and states together, by
key), instruments, ticks with their candles and newest rows, imported candles, mark prices, funding
rates, coverage, quarantine, account.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from cryptoscalp.capture.account import Account, Stream
from cryptoscalp.capture.chunk import Reject
from cryptoscalp.capture.ledger import (
    Continuity,
    Received,
    extend_coverage,
    quarantine,
    received,
    record_account,
    take_batch,
)
from cryptoscalp.capture.periods import Period
from cryptoscalp.capture.prepare import Prepared, stream_of
from cryptoscalp.capture.room import make_room
from cryptoscalp.capture.selection import select_new, slices
from cryptoscalp.capture.states import states_of, store_states
from cryptoscalp.capture.tickkind import QUOTES, TRADES, TickKind
from cryptoscalp.capture.ticks import Canonical, store_quotes, store_trades
from cryptoscalp.infra.db.flow import Flow, rows


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a batch comes from and what its source proves about completeness."""

    batch_id: int
    source: str
    trades: Continuity
    quotes: Continuity


@dataclass(frozen=True, slots=True)
class Written:
    """One committed transaction: its account, and the last event of each session stream.

    `conflicts` are the records that went to quarantine because they contradict a stored state.
    """

    account: Account
    tails: Mapping[Stream, datetime]
    conflicts: tuple[Reject, ...] = ()


def write(
    part: Prepared,
    origin: Origin,
    tails: Mapping[Stream, datetime],
    partitioned: frozenset[Period] = frozenset(),
) -> Flow[Written]:
    """Store what is new in `part`, in the caller's transaction, and account for all of it.

    Safe to start again: what an earlier, lost attempt committed is found and counted as
    duplicate. `partitioned` are periods known to have their partitions. Days that lie in the cold
    tier come back first, before the transaction begins. Raises IntegrityRefused when the batch
    was undone meanwhile.
    """
    yield from make_room(part, partitioned)
    return (yield from store(part, origin, tails))


def store(part: Prepared, origin: Origin, tails: Mapping[Stream, datetime]) -> Flow[Written]:
    """What `write` does once there is room for the part."""
    yield from take_batch(origin.batch_id)
    canonical = yield from _lock_and_register(part)
    account = Account(rounded=part.rounded)
    intervals: list[Received] = []
    for frame, kind, store, continuity in (
        (part.trades, TRADES, store_trades, origin.trades),
        (part.quotes, QUOTES, store_quotes, origin.quotes),
    ):
        if frame.is_empty():
            continue
        fresh = yield from select_new(frame, kind)
        if not fresh.is_empty():
            stamped = fresh.with_columns(pl.lit(origin.batch_id, dtype=pl.Int64).alias("batch_id"))
            yield from store(stamped, canonical)
        _count(account, frame, fresh, kind)
        intervals.extend(received(frame, kind, continuity, tails))
    conflicts = yield from store_states(part, origin.batch_id, account)
    yield from extend_coverage(intervals)
    refused = (*part.refused, *conflicts)
    for reject in refused:
        account.of(stream_of(reject)).quarantined += 1
    for stream, count in part.ignored.items():
        account.of(stream).ignored += count
    yield from quarantine(refused, source=origin.source, batch_id=origin.batch_id)
    yield from record_account(account, origin.batch_id)
    ends = {one.stream: one.end for one in intervals if one.first_sequence is None}
    return Written(account, {**tails, **ends}, tuple(conflicts))


def _lock_and_register(part: Prepared) -> Flow[dict[tuple[str, str], Canonical]]:
    """Take the locks of all streams and return the instruments' choices."""
    feeds: dict[tuple[str, str], str | None] = {}
    locks: list[tuple[str, str, str]] = []
    for frame, kind in ((part.trades, TRADES), (part.quotes, QUOTES)):
        names = frame.select("exchange", "symbol", kind.stream).unique()
        for exchange, symbol, stream in names.iter_rows():
            locks.append((exchange, symbol, kind.lock))
            if kind is TRADES:
                feeds[exchange, symbol] = max(stream, feeds.get((exchange, symbol)) or "")
            else:
                feeds.setdefault((exchange, symbol), None)
    for state, frame in states_of(part):
        for exchange, symbol in frame.select("exchange", "symbol").unique().iter_rows():
            locks.append((exchange, symbol, state.table))
            feeds.setdefault((exchange, symbol), None)
    yield from rows(
        "SELECT count(pg_advisory_xact_lock(key)) FROM (SELECT DISTINCT stream_lock(e, s, k) AS key"
        " FROM unnest(%s::text[], %s::text[], %s::text[]) AS l (e, s, k) ORDER BY key) AS keys",
        tuple(map(list, zip(*locks, strict=True))) if locks else ([], [], []),
    )
    found = yield from _canonical(feeds)
    unknown = [
        key
        for key, feed in feeds.items()
        if key not in found or (feed is not None and found[key].feed is None)
    ]
    if unknown:
        yield from rows(
            "SELECT register_instruments(%s::text[], %s::text[], %s::text[])",
            ([e for e, _ in unknown], [s for _, s in unknown], [feeds[key] for key in unknown]),
        )
        found = yield from _canonical(feeds)
    return found


def _canonical(keys: Iterable[tuple[str, str]]) -> Flow[dict[tuple[str, str], Canonical]]:
    pairs = list(keys)
    found = yield from rows(
        "SELECT exchange, symbol, canonical_feed::text, quote_source::text FROM instruments"
        " WHERE (symbol, exchange) IN (SELECT * FROM unnest(%s::text[], %s::text[]))",
        ([symbol for _, symbol in pairs], [exchange for exchange, _ in pairs]),
    )
    return {(exchange, symbol): Canonical(feed, source) for exchange, symbol, feed, source in found}


def _count(account: Account, frame: pl.DataFrame, fresh: pl.DataFrame, kind: TickKind) -> None:
    key = ["exchange", "symbol", kind.stream]
    for part in slices(frame.sort(key), kind):
        account.of(part.key).duplicate += part.stop - part.start
    stored = fresh.group_by(key).agg(
        pl.len(),
        pl.col("timestamp").min(),
        pl.col("timestamp").max().alias("last"),
        pl.col("sequence").min(),
        pl.col("sequence").max().alias("last_sequence"),
    )
    for exchange, symbol, stream, number, first, last, low, high in stored.iter_rows():
        count = account.of(Stream(exchange, symbol, stream))
        count.stored += number
        count.duplicate -= number
        count.first_timestamp, count.last_timestamp = first, last
        count.first_sequence, count.last_sequence = low, high
