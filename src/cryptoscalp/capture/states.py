"""Flows: which states are new, and storing them. The first stored state of a key stays.

A later state of the same key is a duplicate when it says the same; otherwise it contradicts the
stored one and goes to quarantine. Nothing is overwritten.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import chain
from typing import Any, Final

import numpy as np
import polars as pl
from psycopg import sql

from cryptoscalp.capture.account import Account, Stream
from cryptoscalp.capture.chunk import Reject
from cryptoscalp.capture.identity import segments
from cryptoscalp.capture.prepare import CHUNK, Prepared
from cryptoscalp.capture.statekind import STATES, StateKind
from cryptoscalp.capture.validation import QuarantineReason
from cryptoscalp.infra.db.copying import copy_buffers, copy_statement
from cryptoscalp.infra.db.flow import Flow, Row, copy_in, rows
from cryptoscalp.infra.db.queries import query

_STORED_STATES: Final = query("cryptoscalp.capture", "stored_states")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_ROW: Final = "_row"
_BATCH: Final = "_batch"
_HELD: Final = "_held_"
_STREAM: Final = "_stream"


@dataclass(frozen=True, slots=True)
class Sorted:
    """The states of a frame: `new` ones, one a key, and `conflicts`; the others are duplicates."""

    new: pl.DataFrame
    conflicts: tuple[Reject, ...]


def states_of(part: Prepared) -> Iterator[tuple[StateKind, pl.DataFrame]]:
    """The kinds of states that a part has, in the order in which they are written."""
    for kind in STATES:
        frame: pl.DataFrame = getattr(part, kind.table)
        if not frame.is_empty():
            yield kind, frame


def store_states(part: Prepared, batch_id: int, account: Account) -> Flow[list[Reject]]:
    """COPY the states that are new and count all of them; the caller holds the locks.

    Returns those that contradict a stored one; the caller counts and keeps them as refused.
    """
    refused: list[Reject] = []
    for kind, frame in states_of(part):
        found = yield from sort_out(frame, kind, part.raws)
        if not found.new.is_empty():
            stamped = found.new.sort(kind.key).with_columns(
                pl.lit(batch_id, pl.Int64).alias("batch_id"), pl.lit("imported").alias("source")
            )
            yield from copy_in(
                copy_statement(kind.table, kind.columns), copy_buffers(stamped, kind.columns)
            )
        count_states(account, frame, found, kind)
        refused += found.conflicts
    return refused


def sort_out(
    frame: pl.DataFrame, kind: StateKind, raws: Sequence[Callable[[int], bytes]]
) -> Flow[Sorted]:
    """Compare a frame of states with the stored ones and with each other, in file order."""
    held = yield from _stored(frame, kind)
    firsts = frame.with_row_index(_ROW).unique(kind.key, keep="first", maintain_order=True)
    if held.is_empty() and firsts.height == frame.height:
        return Sorted(frame, ())
    values = [*kind.said, *kind.maybe]
    new = firsts.join(held, on=kind.key, how="anti", maintain_order="left")
    of_new = new.select(
        *kind.key,
        pl.lit(None, pl.String).alias(_BATCH),
        *(pl.col(name).alias(_HELD + name) for name in values),
        pl.lit(True).alias("_here"),
    )
    base = pl.concat([held.with_columns(pl.lit(False).alias("_here")), of_new])
    differs = [
        *(pl.col(name) != pl.col(_HELD + name) for name in kind.said),
        *((pl.col(name) != pl.col(_HELD + name)).fill_null(False) for name in kind.maybe),
    ]
    against = (
        frame.with_columns(kind.stream.alias(_STREAM))
        .join(base, on=kind.key, how="left", maintain_order="left")
        .filter(pl.any_horizontal(differs))
    )
    conflicts = tuple(_conflict(row, values, raws) for row in against.iter_rows(named=True))
    return Sorted(new.drop(_ROW), conflicts)


def count_states(account: Account, frame: pl.DataFrame, found: Sorted, kind: StateKind) -> None:
    """Add a frame's stored and duplicate states to an account."""
    key = ["exchange", "symbol", _STREAM]
    for *names, number in frame.group_by(*key[:2], kind.stream.alias(_STREAM)).len().iter_rows():
        account.of(Stream(*names)).duplicate += number
    stored = found.new.group_by(*key[:2], kind.stream.alias(_STREAM)).agg(
        pl.len(), pl.col("timestamp").min().alias("first"), pl.col("timestamp").max().alias("last")
    )
    for *names, number, first, last in stored.iter_rows():
        count = account.of(Stream(*names))
        count.stored += number
        count.duplicate -= number
        count.first_timestamp, count.last_timestamp = first, last
    for one in found.conflicts:
        account.of(Stream(str(one.exchange), str(one.symbol), str(one.stream))).duplicate -= 1


def _stored(frame: pl.DataFrame, kind: StateKind) -> Flow[pl.DataFrame]:
    """The stored states in the ranges that a frame touches; values are named `_held_...`."""
    names = ["exchange", "symbol", *([kind.part] if kind.part else [])]
    ordered = frame.select(*names, "timestamp", kind.reach_us.alias("reach"))
    asked: list[tuple[int, str, str, str, datetime, datetime]] = []
    streams: list[tuple[Any, ...]] = []
    for n, (stream, part) in enumerate(ordered.group_by(names)):
        exchange, symbol, interval = (*map(str, stream), "")[:3]
        streams.append(stream)
        times = part["timestamp"].dt.epoch("us").to_numpy()
        reach = np.broadcast_to(part["reach"].to_numpy(), times.shape)
        for low, high in zip(*segments(times, reach), strict=True):
            asked.append((n, exchange, symbol, interval, _moment(low), _moment(high)))
    columns = ("n", "exchange", "symbol", "part", "low", "high")
    params: dict[str, Any] = dict(zip(columns, map(list, zip(*asked, strict=True)), strict=True))
    params |= {"first": min(params["low"]), "last": max(params["high"])}
    values = [(name, frame.schema[name]) for name in (*kind.said, *kind.maybe)]
    found = yield from rows(
        _STORED_STATES.format(
            table=sql.Identifier(kind.table),
            values=sql.SQL(", ").join(_text(name, dtype) for name, dtype in values),
            part=_part(kind, params),
        ),
        params,
        prepare=False,
    )
    held = _held(found, pl.DataFrame(streams, schema=names, orient="row"), frame.schema, values)
    return held.select(*kind.key, _BATCH, *(_HELD + name for name, _ in values))


def _text(name: str, dtype: pl.DataType) -> sql.Composed:
    # Arrays of text are read much faster than arrays of numeric, and are as exact.
    if dtype.is_temporal():
        text = "array_agg((extract(epoch FROM t.{}) * 1000000)::bigint::text)"
        return sql.SQL(text).format(sql.Identifier(name))
    return sql.SQL("array_agg(t.{}::text)").format(sql.Identifier(name))


def _part(kind: StateKind, params: dict[str, Any]) -> sql.Composable:
    if kind.part is None:
        return sql.SQL("")
    params["parts"] = sorted(set(params["part"]))
    return sql.SQL(
        "AND t.interval = r.part::candle_interval AND t.source = 'imported'"
        " AND t.interval = ANY (%(parts)s::candle_interval[])"
    )


def _held(
    found: Sequence[Row],
    streams: pl.DataFrame,
    schema: pl.Schema,
    values: Sequence[tuple[str, pl.DataType]],
) -> pl.DataFrame:
    n = np.repeat([row[0] for row in found], [len(row[1]) for row in found]).astype(np.int64)
    times = np.concatenate([np.empty(0, dtype=np.int64), *(row[1] for row in found)])
    texts = {
        name: pl.Series(name, [*chain.from_iterable(row[at] for row in found)], dtype=pl.String)
        for at, name in enumerate([_BATCH, *(_HELD + name for name, _ in values)], start=2)
    }
    made = streams[n].with_columns(pl.Series("timestamp", times).cast(schema["timestamp"]), **texts)
    return made.select(
        *streams.columns,
        "timestamp",
        _BATCH,
        *(
            (
                pl.col(_HELD + name).cast(pl.Int64) if dtype.is_temporal() else pl.col(_HELD + name)
            ).cast(dtype)
            for name, dtype in values
        ),
    )


def _conflict(
    row: dict[str, Any], values: Sequence[str], raws: Sequence[Callable[[int], bytes]]
) -> Reject:
    different = [
        name
        for name in values
        if row[name] is not None and row[_HELD + name] not in (None, row[name])
    ]
    owner = "an earlier record" if row["_here"] else f"batch {row[_BATCH] or 'unknown'}"
    held = ", ".join(f"{name} {_plain(row[_HELD + name])}" for name in different)
    said = ", ".join(f"{name} {_plain(row[name])}" for name in different)
    return Reject(
        line=row["line"],
        reason=QuarantineReason.CONFLICT,
        detail=f"{owner} stored {held}; this record says {said}",
        raw=raws[row[CHUNK]](row["line"]),
        exchange=row["exchange"],
        symbol=row["symbol"],
        stream=row[_STREAM],
        timestamp_us=(row["timestamp"] - _EPOCH) // timedelta(microseconds=1),
    )


def _plain(value: object) -> str:
    match value:
        case Decimal():
            text = f"{value:f}"
            return text.rstrip("0").rstrip(".") if "." in text else text
        case datetime():
            return value.isoformat()
        case _:
            return str(value)


def _moment(epoch_us: np.int64) -> datetime:
    return _EPOCH + timedelta(microseconds=int(epoch_us))
