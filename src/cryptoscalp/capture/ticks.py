"""Flows: store new ticks, and the candles and newest rows that follow from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from psycopg import sql

from cryptoscalp.capture.tickkind import QUOTES, TRADES, TickKind
from cryptoscalp.infra.db.copying import copy_buffers, copy_statement, json_records
from cryptoscalp.infra.db.flow import Flow, Row, copy_in, rows
from cryptoscalp.infra.db.queries import query
from cryptoscalp.market.aggregate import candles_of, sums_fit

_CANDLE_COLUMNS = (
    "timestamp", "symbol", "exchange", "interval", "source", "open", "high", "low", "close",
    "volume", "trade_count", "open_at", "open_sequence", "close_at", "close_sequence",
)  # fmt: skip
_HELD_CANDLES = query("cryptoscalp.capture", "held_candles")
_CANDLE_KEY = ["symbol", "exchange", "interval", "timestamp"]


@dataclass(frozen=True, slots=True)
class Canonical:
    """What an instrument's candles and newest rows are made of; no feed before its first trade."""

    feed: str | None
    source: str


def store_trades(fresh: pl.DataFrame, canonical: Mapping[tuple[str, str], Canonical]) -> Flow[None]:
    """COPY new trades and merge their candles and last trades; the caller holds the locks.

    `fresh` has the columns of `TRADES`, sorted by the table's key. Where a sum of volumes could
    leave the columnar type, nothing is declared and the database's trigger does the merging.
    """
    chosen = _of(fresh, {key: value.feed for key, value in canonical.items()}, TRADES)
    # Sums beyond its type are left to PostgreSQL's unbounded ones.
    columnar = chosen.is_empty() or sums_fit(chosen)
    if columnar:
        minutes = pl.col("timestamp").dt.truncate("1m").alias("minute")
        yield from _declare(fresh.group_by("exchange", "symbol", "feed", minutes).len("n"), TRADES)
    yield from _copy(fresh, TRADES)
    if columnar and not chosen.is_empty():
        yield from _store_candles(candles_of(chosen))
        yield from _merge_newest(chosen, TRADES)


def store_quotes(fresh: pl.DataFrame, canonical: Mapping[tuple[str, str], Canonical]) -> Flow[None]:
    """COPY new quotes and merge the newest ones; the caller holds the locks."""
    days = pl.col("timestamp").dt.truncate("1d").alias("day")
    yield from _declare(fresh.group_by("exchange", "symbol", "source", days).len("n"), QUOTES)
    yield from _copy(fresh, QUOTES)
    chosen = _of(fresh, {key: value.source for key, value in canonical.items()}, QUOTES)
    if not chosen.is_empty():
        yield from _merge_newest(chosen, QUOTES)


def _of(
    frame: pl.DataFrame, chosen: Mapping[tuple[str, str], str | None], kind: TickKind
) -> pl.DataFrame:
    """The rows whose stream is the chosen one of their instrument (exchange, symbol)."""
    streams = set(frame[kind.stream].unique().to_list())
    if all(value in streams and len(streams) == 1 for value in chosen.values()):
        return frame
    keys = pl.DataFrame(
        [(exchange, symbol, stream) for (exchange, symbol), stream in chosen.items()],
        schema={"exchange": pl.String, "symbol": pl.String, kind.stream: pl.String},
        orient="row",
    )
    return frame.join(keys, on=keys.columns, how="semi", maintain_order="left")


def _declare(counts: pl.DataFrame, kind: TickKind) -> Flow[None]:
    yield from rows("SELECT set_config(%s, %s, true)", (kind.setting, json_records(counts)))


def _copy(frame: pl.DataFrame, kind: TickKind) -> Flow[None]:
    yield from copy_in(copy_statement(kind.table, kind.columns), copy_buffers(frame, kind.columns))


def _store_candles(candles: pl.DataFrame) -> Flow[None]:
    spans = candles.group_by("symbol", "exchange", "interval").agg(
        pl.col("timestamp").min().alias("low"), pl.col("timestamp").max().alias("high")
    )
    symbols, exchanges, intervals, low, high = (spans[name].to_list() for name in spans.columns)
    found = yield from rows(
        _HELD_CANDLES,
        {
            "symbols": symbols,
            "exchanges": exchanges,
            "intervals": intervals,
            "low": low,
            "high": high,
            "first": min(low),
            "last": max(high),
        },
        prepare=False,
    )
    held = _held(found, candles.schema["timestamp"])
    new = candles.join(held, on=_CANDLE_KEY, how="anti", maintain_order="left")
    if not new.is_empty():
        yield from copy_in(
            copy_statement("candles", _CANDLE_COLUMNS), copy_buffers(new, _CANDLE_COLUMNS)
        )
    if new.height < candles.height:
        again = candles.join(held, on=_CANDLE_KEY, how="semi")
        yield from rows(
            "SELECT merge_candles(array_agg(c))"
            " FROM jsonb_populate_recordset(NULL::candles, %s::jsonb) AS c",
            (json_records(again),),
        )


def _held(found: Sequence[Row], time: pl.DataType) -> pl.DataFrame:
    """Keys of stored candles, from one row of (symbol, exchange, interval, times) a span."""
    stamps = np.concatenate([np.empty(0, dtype=np.int64), *(times for *_, times in found)])
    spans = pl.DataFrame(
        [(*key, len(times)) for *key, times in found],
        schema={"symbol": pl.String, "exchange": pl.String, "interval": pl.String, "n": pl.UInt32},
        orient="row",
    )
    labels = spans.select(pl.col("symbol", "exchange", "interval").repeat_by("n").list.explode())
    return labels.with_columns(pl.Series("timestamp", stamps).cast(time))


def _merge_newest(frame: pl.DataFrame, kind: TickKind) -> Flow[None]:
    newest = frame.group_by("symbol", "exchange").last()
    yield from rows(
        sql.SQL(
            "SELECT {merge}(array_agg(r))"
            " FROM jsonb_populate_recordset(NULL::{table}, %s::jsonb) AS r"
        ).format(merge=sql.Identifier(kind.merge_newest), table=sql.Identifier(kind.table)),
        (json_records(newest.select(kind.columns)),),
    )
