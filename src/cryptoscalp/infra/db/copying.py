"""Polars frames as PostgreSQL's binary COPY stream and as JSON records."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import polars as pl
from pgpq import ArrowToPostgresBinaryEncoder
from psycopg import sql

_ROWS_A_BUFFER = 8192


def copy_statement(table: str, columns: Sequence[str]) -> sql.Composed:
    """`COPY table (columns) FROM STDIN (FORMAT BINARY)`."""
    return sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )


def copy_buffers(frame: pl.DataFrame, columns: Sequence[str]) -> Iterator[bytes]:
    """Encode the columns of a frame for `COPY table (columns) FROM STDIN (FORMAT BINARY)`."""
    table = frame.select(columns).to_arrow(compat_level=pl.CompatLevel.oldest())
    encoder = ArrowToPostgresBinaryEncoder(table.schema)
    yield encoder.write_header()
    for batch in table.to_batches(max_chunksize=_ROWS_A_BUFFER):
        yield encoder.write_batch(batch)
    yield encoder.finish()


def json_records(frame: pl.DataFrame) -> str:
    """The rows as a JSON array of objects; decimals as text, times in ISO 8601."""
    return json.dumps(frame.to_dicts(), default=_plain)


def _plain(value: Any) -> str:
    match value:
        case Decimal():
            return str(value)
        case datetime():
            return value.isoformat()
        case _:
            raise TypeError(f"{type(value).__name__} has no JSON form here")
