"""Flow: which rows of a prepared frame are new, compared with what is stored (S3)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

import numpy as np
import polars as pl
from psycopg import sql

from cryptoscalp.capture.account import Stream
from cryptoscalp.capture.identity import (
    EXCHANGE_CLOCK_US,
    RECEIVE_CLOCK_US,
    Int64s,
    Stored,
    already_stored,
    repeated,
    segments,
    surplus,
)
from cryptoscalp.capture.tickkind import TickKind
from cryptoscalp.infra.db.flow import Flow, rows
from cryptoscalp.infra.db.queries import query

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_RANGES = sql.SQL(
    "unnest(%(n)s::int8[], %(exchange)s::text[], %(symbol)s::text[],"
    " %(stream)s::text[]::{type}[], %(low)s::timestamptz[], %(high)s::timestamptz[],"
    " %(first_id)s::int8[], %(last_id)s::int8[])"
    " AS r (n, exchange, symbol, stream, low, high, first_id, last_id)"
)
_STORED_IDS = query("cryptoscalp.capture", "stored_ids")
_STORED_CONTENT = query("cryptoscalp.capture", "stored_content")
_WITHIN = sql.SQL(
    "t.symbol = r.symbol AND t.exchange = r.exchange AND t.{stream} = r.stream"
    " AND t.timestamp BETWEEN r.low AND r.high AND t.timestamp BETWEEN %(first)s AND %(last)s"
)


@dataclass(frozen=True, slots=True)
class StreamSlice:
    """The rows [start, stop) of a sorted frame that belong to one stream."""

    key: Stream
    start: int
    stop: int


def slices(frame: pl.DataFrame, kind: TickKind) -> list[StreamSlice]:
    """The streams of a frame that is sorted by exchange, symbol and stream."""
    counts = frame.group_by("exchange", "symbol", kind.stream, maintain_order=True).len()
    found, start = [], 0
    for exchange, symbol, stream, length in counts.iter_rows():
        found.append(StreamSlice(Stream(exchange, symbol, stream), start, start + length))
        start += length
    return found


def select_new(frame: pl.DataFrame, kind: TickKind) -> Flow[pl.DataFrame]:
    """Return the rows that are not stored yet, each once, with `sequence` filled.

    The caller holds the locks of all streams in `frame`.
    """
    order = ["exchange", "symbol", kind.stream]
    with_id = frame.filter(pl.col("sequence").is_not_null()).sort(order, maintain_order=True)
    without = frame.filter(pl.col("sequence").is_null()).sort(order, maintain_order=True)
    fresh = [with_id]
    if not with_id.is_empty():
        fresh = [(yield from _new_by_id(with_id, kind))]
    if not without.is_empty():
        fresh.append((yield from _new_by_content(without, kind)))
    key = ["symbol", "exchange", "timestamp", kind.stream, "sequence"]
    return pl.concat(fresh).sort(key)


def _new_by_id(frame: pl.DataFrame, kind: TickKind) -> Flow[pl.DataFrame]:
    ids = frame["sequence"].to_numpy()
    times = frame["timestamp"].dt.epoch("us").to_numpy()
    windows = windows_of(frame)
    streams = slices(frame, kind)
    asked = _Ranges(kind)
    for n, part in enumerate(streams):
        cut = slice(part.start, part.stop)
        bounds = (int(ids[cut].min()), int(ids[cut].max()))
        asked.add(n, part.key, *segments(times[cut], windows[cut]), bounds)
    found = yield from rows(
        _STORED_IDS.format(**asked.parts()),
        asked.params(),
        prepare=False,
    )
    stored = {n: Stored(sequences, stamps) for n, sequences, stamps in found}
    known = np.zeros(len(ids), dtype=np.bool_)
    for n, part in enumerate(streams):
        cut = slice(part.start, part.stop)
        mine = (ids[cut], times[cut], windows[cut])
        if n in stored:
            known[cut] = already_stored(*mine, stored[n])
        # Only what is kept has twins: a row that is dropped gives no row near it away.
        left = np.flatnonzero(~known[cut])
        known[cut][left] = repeated(*(column[left] for column in mine))
    return frame.filter(~known) if known.any() else frame


def _new_by_content(frame: pl.DataFrame, kind: TickKind) -> Flow[pl.DataFrame]:
    asked = _Ranges(kind)
    streams = slices(frame, kind)
    for n, part in enumerate(streams):
        times = frame["timestamp"][part.start : part.stop].dt.epoch("us").to_numpy()
        asked.add(n, part.key, *segments(times, np.zeros_like(times)))
    # psycopg hands an enum it does not know over as bytes.
    content = [
        sql.SQL("t.side::text" if name == "side" else "t.{}").format(sql.Identifier(name))
        for name in kind.content
    ]
    found = yield from rows(
        _STORED_CONTENT.format(content=sql.SQL(", ").join(content), **asked.parts()),
        asked.params(),
        prepare=False,
    )
    names = ["timestamp", "sequence", *kind.content]
    schema = {name: frame.schema[name] for name in names}
    fresh = []
    for n, part in enumerate(streams):
        held = pl.DataFrame([row[1:] for row in found if row[0] == n], schema=schema, orient="row")
        fresh.append(surplus(frame[part.start : part.stop], held, kind.content))
    return pl.concat(fresh)


def windows_of(frame: pl.DataFrame) -> Int64s:
    if "by_receive_time" not in frame.columns:
        return np.full(frame.height, EXCHANGE_CLOCK_US, dtype=np.int64)
    by_receive_time = frame["by_receive_time"].fill_null(False).to_numpy()
    return np.where(by_receive_time, RECEIVE_CLOCK_US, EXCHANGE_CLOCK_US).astype(np.int64)


_Ids: TypeAlias = tuple[int | None, int | None]


class _Ranges:
    """The streams and time ranges to compare with, as the arrays of one query."""

    def __init__(self, kind: TickKind) -> None:
        self._kind = kind
        self._rows: list[tuple[int, Stream, datetime, datetime, _Ids]] = []

    def add(self, n: int, key: Stream, low: Int64s, high: Int64s, ids: _Ids = (None, None)) -> None:
        for start, end in zip(low.tolist(), high.tolist(), strict=True):
            self._rows.append((n, key, _moment(start), _moment(end), ids))

    def parts(self) -> dict[str, sql.Composable]:
        return {
            "ranges": _RANGES.format(type=sql.Identifier(self._kind.stream_type)),
            "within": _WITHIN.format(stream=sql.Identifier(self._kind.stream)),
            "table": sql.Identifier(self._kind.table),
        }

    def params(self) -> dict[str, object]:
        return {
            "n": [n for n, *_ in self._rows],
            "exchange": [key.exchange for _, key, *_ in self._rows],
            "symbol": [key.symbol for _, key, *_ in self._rows],
            "stream": [key.stream for _, key, *_ in self._rows],
            "low": [low for _, _, low, _, _ in self._rows],
            "high": [high for _, _, _, high, _ in self._rows],
            "first_id": [ids[0] for *_, ids in self._rows],
            "last_id": [ids[1] for *_, ids in self._rows],
            "first": min(low for _, _, low, _, _ in self._rows),
            "last": max(high for _, _, _, high, _ in self._rows),
        }


def _moment(epoch_us: int) -> datetime:
    return _EPOCH + timedelta(microseconds=epoch_us)
