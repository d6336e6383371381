"""Flow: refused records are read again, as their file was or as the caller now knows better."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import polars as pl

from cryptoscalp.capture.account import Account
from cryptoscalp.capture.batches import close_batch, open_batch
from cryptoscalp.capture.chunk import Reject
from cryptoscalp.capture.formats import registry
from cryptoscalp.capture.formats.reading import Format, Options, Plan, Record
from cryptoscalp.capture.ledger import (
    Continuity,
    quarantine,
    record_account,
    record_hash,
    take_batch,
)
from cryptoscalp.capture.maps import column_map
from cryptoscalp.capture.moments import Moments, Raw, between_moments
from cryptoscalp.capture.prepare import Prepared, prepare, split, stream_of
from cryptoscalp.capture.reports import RetriedBatch, RetryReport
from cryptoscalp.capture.validation import check_names
from cryptoscalp.capture.writer import Origin, write
from cryptoscalp.infra.db.flow import Flow, aside, call, rows
from cryptoscalp.infra.db.queries import query

#: Records that one transaction reads again.
RECORDS_A_TRANSACTION: Final = 20_000
_REFUSED_BATCHES: Final = query("cryptoscalp.capture", "refused_batches")
_REFUSED_RECORDS: Final = query("cryptoscalp.capture", "refused_records")


@dataclass(frozen=True, slots=True)
class _Refused:
    """The batch that refused records, how its file was read, and how many records there are."""

    batch_id: int
    source: str
    format: str
    plan: Plan | None
    records: int


def retry_quarantined(
    *,
    batch_id: int | None = None,
    reason: str | None = None,
    source: str | None = None,
    exchange: str | None = None,
    symbol: str | None = None,
    interval: str | None = None,
    unit: str | None = None,
    mapping: Mapping[str, str] | str | None = None,
) -> Flow[RetryReport]:
    """Read refused records again, and store those that are good now.

    Takes all unresolved records, or those of one batch, reason or source. They are read as their
    file was; what is given besides (`unit`, `exchange`, ...) replaces what was said or found
    then. A record that is good now is stored in a batch of its own and marked as resolved by it;
    one that is refused again stays, with the reason of now. Undoing that batch opens its records
    again. Raises InputError for a choice that does not fit a file's format.
    """
    check_names(exchange, symbol)
    columns = yield from column_map(mapping)
    options = Options(exchange, symbol, False, interval, unit, columns)
    found = yield from rows(
        _REFUSED_BATCHES, {"batch_id": batch_id, "reason": reason, "source": source}
    )
    done, left = [], 0
    for row in found:
        refused = _Refused(*row)
        known = registry.named(refused.format)
        if known is None or refused.plan is None:
            left += refused.records
        else:
            done.append((yield from _again(refused, refused.plan, known, options, reason)))
    return RetryReport(tuple(done), left)


def _again(
    refused: _Refused, plan: Plan, known: Format, options: Options, reason: str | None
) -> Flow[RetriedBatch]:
    retried = RetriedBatch(refused.batch_id, refused.source)
    origin: Origin | None = None
    asked = {"batch_id": refused.batch_id, "reason": reason, "most": RECORDS_A_TRANSACTION}
    moments, waiting = Moments(), _Waiting()
    place: tuple[int, bytes] | None = (-1, b"")
    while place is not None:
        found = yield from rows(
            _REFUSED_RECORDS, {**asked, "line": place[0], "record_hash": place[1]}
        )
        place = (found[-1][0], found[-1][1]) if found else None
        silent: list[_Kept] = []
        if found:
            page = [_Kept(*row) for row in found]
            waiting.add(page)
            records = [Record(one.line, one.raw) for one in page]
            read = yield from call(partial(_read, known, plan, records, options))
            parts = _cut(moments.add(part, raw) for part, raw in read)
            silent = waiting.take({one.line for one in page} - _lines(part for part, _ in read))
            # A choice of one exchange or symbol passes over the records of others.
            if options.exchange or options.symbol:
                retried.passed += len(silent)
                silent = []
        else:
            rest = moments.rest()
            parts = _cut([] if rest is None else [rest])
        for part in parts:
            settled = [*silent, *waiting.take(_lines([part]))]
            silent = []
            if origin is None:
                opened = partial(open_batch, refused.source, refused.format, None, plan)
                batch = yield from aside(opened, transaction=True)
                origin = Origin(batch, refused.source, Continuity.UNKNOWN, Continuity.UNKNOWN)
                retried.retry_batch_id = batch
            done = yield from aside(partial(_store, part, settled, origin), transaction=True)
            retried.account.add(done.account)
            retried.resolved += done.resolved
            retried.refused += len(settled) - done.resolved
            retried.repeated += done.repeated
    if origin is not None:
        batch_id = origin.batch_id
        yield from aside(lambda: close_batch(batch_id), transaction=True)
    return retried


def _read(
    known: Format, plan: Plan, records: Sequence[Record], options: Options
) -> list[tuple[Prepared, Raw]]:
    now_us = time.time_ns() // 1000
    return [
        (part, chunk.raw)
        for chunk in known.again(plan, records, options)
        for part in prepare(chunk, now_us=now_us)
    ]


def _cut(parts: Iterable[Prepared]) -> list[Prepared]:
    return [small for part in parts for cut in between_moments(part) for small in split(cut)]


def _lines(parts: Iterable[Prepared]) -> set[int]:
    """The lines that parts speak of, in an event or in a refusal."""
    found: set[int] = set()
    for part in parts:
        found.update(reject.line for reject in part.refused)
        for frame in part.frames:
            found.update(frame["line"].to_list())
    return found


@dataclass(frozen=True, slots=True)
class _Kept:
    """One refused record, as quarantine knows it."""

    line: int
    record_hash: bytes
    raw: bytes
    exchange: str
    symbol: str
    stream: str
    times_seen: int


class _Waiting:
    """The records that were read and not settled yet, by their lines."""

    def __init__(self) -> None:
        self._records: dict[int, list[_Kept]] = {}

    def add(self, records: Iterable[_Kept]) -> None:
        for one in records:
            self._records.setdefault(one.line, []).append(replace(one, raw=b""))

    def take(self, lines: Iterable[int]) -> list[_Kept]:
        return [one for line in lines for one in self._records.pop(line, ())]


@dataclass(frozen=True, slots=True)
class _Done:
    """One transaction: its account, and the records that it resolves (`RetriedBatch`)."""

    account: Account
    resolved: int
    repeated: int


def _store(part: Prepared, settled: Sequence[_Kept], origin: Origin) -> Flow[_Done]:
    """Store what is good now and mark its records, in one transaction."""
    written = yield from write(replace(part, refused=()), origin, {})
    known: dict[int, list[_Kept]] = {}
    for record in settled:
        known.setdefault(record.line, []).append(record)
    again = [_as_known(reject, known.get(reject.line, ())) for reject in part.refused]
    clashing = [_as_known(reject, known.get(reject.line, ())) for reject in written.conflicts]
    still = {record_hash(reject) for reject in (*again, *clashing)}
    held = sorted({record.record_hash for record in settled})
    # All of them first, those that are refused again as well: their gaps go with the old times.
    yield from take_batch(origin.batch_id)
    yield from rows("SELECT resolve_refused(%s::bytea[], %s)", (held, origin.batch_id))
    yield from quarantine(
        [*again, *clashing], source=origin.source, batch_id=origin.batch_id, came=False
    )
    account = Account()
    for reject in again:
        account.of(stream_of(reject)).quarantined += 1
    yield from record_account(account, origin.batch_id)
    account.add(written.account)
    good = [record for record in settled if record.record_hash not in still]
    repeated = {record.line for record in good if record.times_seen > 1} & _unnumbered(part)
    return _Done(account, len(good), len(repeated))


def _unnumbered(part: Prepared) -> set[int]:
    """The lines of events without an id."""
    return {
        line
        for frame in (part.trades, part.quotes)
        for line in frame.filter(pl.col("sequence").is_null())["line"].to_list()
    }


def _as_known(reject: Reject, records: Sequence[_Kept]) -> Reject:
    """A record that is refused again under the names that quarantine has it by.

    What the caller now says may give it others; it is the same record all the same.
    """
    if not records or record_hash(reject) in {one.record_hash for one in records}:
        return reject
    first = records[0]
    return replace(reject, exchange=first.exchange, symbol=first.symbol, stream=first.stream)
