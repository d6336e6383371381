"""Arrow tables of ticks as chunks: what `db.market.write_trades` and `write_quotes` take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import polars as pl
import pyarrow as pa

from cryptoscalp.capture.chunk import (
    QUOTE_COLUMNS,
    TRADE_COLUMNS,
    Chunk,
    empty_quotes,
    empty_trades,
)
from cryptoscalp.infra.db.errors import InputError

_OPTIONAL: Final = {"received_at", "sequence", "side", "by_receive_time", "feed", "source", "line"}
_DEFAULTS: Final = {"feed": "trade", "source": "ticker", "by_receive_time": False}
_NUMBERS: Final = {"price", "volume", "bid_price", "bid_volume", "ask_price", "ask_volume"}
_TIMES: Final = {"timestamp", "received_at"}


def trades_chunk(table: pa.Table) -> Chunk:
    """Trades as a chunk; raises InputError naming what the table's columns lack."""
    frame = _conform(table, TRADE_COLUMNS)
    return Chunk(frame, empty_quotes(), (), {}, _raw(table), frame.height)


def quotes_chunk(table: pa.Table) -> Chunk:
    """Quotes as a chunk; raises InputError naming what the table's columns lack."""
    frame = _conform(table, QUOTE_COLUMNS)
    return Chunk(empty_trades(), frame, (), {}, _raw(table), frame.height)


def _conform(table: pa.Table, columns: Mapping[str, type[pl.DataType]]) -> pl.DataFrame:
    unknown = sorted(set(table.column_names) - set(columns))
    missing = sorted(set(columns) - set(table.column_names) - _OPTIONAL)
    if unknown or missing or len(set(table.column_names)) != table.num_columns:
        raise InputError(
            f"the table's columns do not fit: missing {missing or 'none'}, unknown"
            f" {unknown or 'none'}; allowed are {', '.join(sorted(set(columns) - {'line'}))}"
        )
    frame = pl.DataFrame(table)
    made = [_column(frame, name, dtype) for name, dtype in columns.items() if name != "line"]
    return frame.select(made).with_columns(
        pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("line")
    )


def _column(frame: pl.DataFrame, name: str, dtype: type[pl.DataType]) -> pl.Expr:
    if name not in frame.columns:
        return pl.lit(_DEFAULTS.get(name), dtype=dtype).alias(name)
    given = frame.schema[name]
    column = pl.col(name)
    if name in _TIMES:
        if not isinstance(given, pl.Datetime) or given.time_zone is None:
            raise InputError(f"column {name} is {given}; it must be a timestamp with a time zone")
        return column.dt.epoch("us").alias(name)
    if name in _NUMBERS:
        if given.is_float():
            return column.cast(pl.Float64)
        if given.is_decimal() or given.is_integer() or given == pl.String:
            return column.cast(pl.String)
        raise InputError(f"column {name} is {given}; it must be a decimal, float, integer or text")
    try:
        frame[name].cast(dtype)
    except pl.exceptions.PolarsError as error:
        raise InputError(f"column {name} is {given}; it must be {dtype}: {error}") from error
    return column.cast(dtype)


class _raw:  # noqa: N801 - a function with a table in it
    """The record of a row (1-based), as quarantine keeps it."""

    def __init__(self, table: pa.Table) -> None:
        self._table = table

    def __call__(self, line: int) -> bytes:
        return repr(self._table.slice(line - 1, 1).to_pylist()[0]).encode()
