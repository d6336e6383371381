"""Flows: what a transaction received, in coverage, quarantine and the batch's account."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

import polars as pl

from cryptoscalp.capture.account import Account, Stream, as_numbers
from cryptoscalp.capture.chunk import Reject
from cryptoscalp.capture.identity import runs
from cryptoscalp.capture.prepare import stream_of
from cryptoscalp.capture.selection import slices
from cryptoscalp.capture.tickkind import TickKind
from cryptoscalp.infra.db.errors import IntegrityRefused
from cryptoscalp.infra.db.flow import Flow, rows, run
from cryptoscalp.infra.db.queries import query

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# A detail may quote a cell of any length; the record itself is kept whole beside it.
_DETAIL_CHARS = 600
_KEEP_REFUSED = query("cryptoscalp.capture", "keep_refused")
_ADD_STREAM_ACCOUNTS = query("cryptoscalp.capture", "add_stream_accounts")


class Continuity(StrEnum):
    """What a source proves about the events it did not deliver."""

    CONSECUTIVE_IDS = "consecutive ids"  # the venue counts by one: a hole in the ids is a loss
    SESSION = "session"  # the source was listening from its first event to its last
    UNKNOWN = "unknown"  # nothing


@dataclass(frozen=True, slots=True)
class Received:
    """An interval of a stream in which nothing is missing."""

    stream: Stream
    start: datetime
    end: datetime
    first_sequence: int | None = None
    last_sequence: int | None = None


def received(
    frame: pl.DataFrame, kind: TickKind, continuity: Continuity, tails: Mapping[Stream, datetime]
) -> Iterator[Received]:
    """The intervals that the events of `frame`, stored now or before, prove to be complete.

    `tails` holds the last event of each stream earlier in the same session.
    """
    if continuity is Continuity.UNKNOWN or frame.is_empty():
        return
    order = ["exchange", "symbol", kind.stream]
    ordered = frame.select(*order, "timestamp", "sequence").sort(order)
    times = ordered["timestamp"].dt.epoch("us").to_numpy()
    # Whole columns once: slicing a series for each of hundreds of streams costs more than the rest.
    known = ordered["sequence"].is_not_null().to_numpy()
    ids = ordered["sequence"].fill_null(0).to_numpy()
    for part in slices(ordered, kind):
        stamps = times[part.start : part.stop]
        if continuity is Continuity.CONSECUTIVE_IDS:
            mine = known[part.start : part.stop]
            numbered = ids[part.start : part.stop][mine], stamps[mine]
            for first, last, low, high in runs(*numbered):
                yield Received(part.key, _moment(low), _moment(high), first, last)
        else:
            start = min(
                _moment(int(stamps.min())), tails.get(part.key, datetime.max.replace(tzinfo=UTC))
            )
            yield Received(part.key, start, _moment(int(stamps.max())))


def extend_coverage(intervals: Iterable[Received]) -> Flow[None]:
    """Merge received intervals into the ledger; the caller holds the streams' locks."""
    held = list(intervals)
    if not held:
        return
    yield from rows(
        "SELECT extend_coverage(%s::text[], %s::text[], %s::text[], %s::timestamptz[],"
        " %s::timestamptz[], %s::bigint[], %s::bigint[])",
        (
            [one.stream.exchange for one in held],
            [one.stream.symbol for one in held],
            [one.stream.stream for one in held],
            [one.start for one in held],
            [one.end for one in held],
            [one.first_sequence for one in held],
            [one.last_sequence for one in held],
        ),
    )


def record_hash(reject: Reject) -> bytes:
    """What a refused record is known by: SHA-256 of its stream and of itself."""
    return hashlib.sha256("\x1f".join(stream_of(reject)).encode() + b"\0" + reject.raw).digest()


def quarantine(
    refused: Iterable[Reject], *, source: str, batch_id: int, came: bool = True
) -> Flow[None]:
    """Keep refused records, each once however often it comes, and mark their place as a gap.

    `came` is False for records that were in quarantine before and have only been read again.
    """
    distinct: dict[bytes, tuple[Reject, int]] = {}
    for reject in refused:
        digest = record_hash(reject)
        distinct[digest] = (reject, distinct.get(digest, (reject, 0))[1] + 1)
    if not distinct:
        return
    held = [reject for reject, _ in distinct.values()]
    streams = [stream_of(reject) for reject in held]
    yield from run(
        _KEEP_REFUSED,
        {
            "hashes": list(distinct),
            "times": [count if came else 0 for _, count in distinct.values()],
            "exchanges": [stream.exchange for stream in streams],
            "symbols": [stream.symbol for stream in streams],
            "streams": [stream.stream for stream in streams],
            "timestamps": [_storable_moment(reject.timestamp_us) for reject in held],
            "reasons": [str(reject.reason) for reject in held],
            "details": [reject.detail[:_DETAIL_CHARS].replace("\0", "?") for reject in held],
            "lines": [reject.line for reject in held],
            "raws": [reject.raw for reject in held],
            "source": source,
            "batch_id": batch_id,
        },
    )


def take_batch(batch_id: int) -> Flow[None]:
    """Take the capture role and the batch's row, which whoever takes the batch back locks first.

    Raises IntegrityRefused when the batch is not open: it was undone while it was written.
    """
    yield from run("SET LOCAL ROLE cryptoscalp_capture")
    found = yield from rows(
        "SELECT status = 'OPEN' FROM batches WHERE batch_id = %s FOR NO KEY UPDATE", (batch_id,)
    )
    if found != [(True,)]:
        raise IntegrityRefused(f"batch {batch_id} is not open: it was undone or finished elsewhere")


def record_account(account: Account, batch_id: int) -> Flow[None]:
    """Add one transaction's account to its batch.

    Raises IntegrityRefused when the batch is not open: it was undone while it was written.
    """
    total = as_numbers(account.total)
    touched = yield from run(
        "UPDATE batches SET received = received + %(received)s, stored = stored + %(stored)s,"
        " duplicate = duplicate + %(duplicate)s, quarantined = quarantined + %(quarantined)s,"
        " ignored = ignored + %(ignored)s, rounded = rounded + %(rounded)s,"
        " finished_at = clock_timestamp() WHERE batch_id = %(batch_id)s AND status = 'OPEN'",
        {**total, "rounded": account.rounded, "batch_id": batch_id},
    )
    if not touched:
        raise IntegrityRefused(f"batch {batch_id} is not open: it was undone or finished elsewhere")
    streams = sorted(account.streams)
    counts = [account.streams[stream] for stream in streams]
    yield from run(
        _ADD_STREAM_ACCOUNTS,
        (
            batch_id,
            [stream.exchange for stream in streams],
            [stream.symbol for stream in streams],
            [stream.stream for stream in streams],
            *([getattr(count, name) for count in counts] for name in total),
            [count.first_timestamp for count in counts],
            [count.last_timestamp for count in counts],
            [count.first_sequence for count in counts],
            [count.last_sequence for count in counts],
        ),
    )


def _moment(epoch_us: int) -> datetime:
    return _EPOCH + timedelta(microseconds=epoch_us)


def _storable_moment(epoch_us: int | None) -> datetime | None:
    """The time that a refused record claims, where it is one."""
    if epoch_us is None or not 0 <= epoch_us < 253_402_300_800_000_000:
        return None
    return _moment(epoch_us)
