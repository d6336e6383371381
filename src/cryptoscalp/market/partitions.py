"""Flows: the daily and monthly partitions of ticks and candles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptoscalp.infra.db.flow import Flow, rows


@dataclass(frozen=True, slots=True)
class Partition:
    """One partition: its bounds as PostgreSQL prints them, size in bytes, and rows (estimated)."""

    table: str
    name: str
    bounds: str
    size_bytes: int
    rows: int


def ensure_partitions(
    first: datetime, last: datetime, tables: Sequence[str] | None = None
) -> Flow[int]:
    """Make the partitions that tables need between two moments; return how many were missing.

    `tables` are market_data, order_book_l1, candles_1s, candles_long (by month), mark_prices and
    funding_rates; the first four unless given. Blocks no reader and no writer. At most 366
    partitions of a table at a time, else DatabaseError.
    """
    if tables is None:
        found = yield from rows("SELECT ensure_partitions(%s, %s)", (first, last))
    else:
        found = yield from rows(
            "SELECT ensure_partitions(%s, %s, %s::text[])", (first, last, list(tables))
        )
    made: int = found[0][0]
    return made


def list_partitions() -> Flow[list[Partition]]:
    """Every partition or chunk of the tables of ticks, candles and states, by table and time."""
    found = yield from rows(
        "SELECT p.relname::text, c.relname::text, pg_get_expr(c.relpartbound, c.oid),"
        "       pg_total_relation_size(c.oid), greatest(c.reltuples, 0)::bigint"
        " FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid"
        " JOIN pg_class AS p ON p.oid = i.inhparent"
        " WHERE p.relname IN ('market_data', 'order_book_l1', 'candles_1s', 'candles_long',"
        "   'mark_prices', 'funding_rates')"
        "   AND p.relkind = 'p' AND c.relkind = 'r' ORDER BY p.relname, c.relname"
    )
    chunked = yield from rows("SELECT to_regclass('timescaledb_information.chunks') IS NOT NULL")
    if chunked[0][0]:
        found = sorted(found + (yield from rows(_CHUNKS)), key=lambda row: (row[0], row[2]))
    return [Partition(*row) for row in found]


# By names and the catalogue: whoever is not the chunks' owner may not say their schema's name. In
# the columnstore a chunk's rows lie in a table of their own, some thousand in one.
_CHUNKS: Final = """
    SELECT k.hypertable_name::text, k.chunk_name::text,
           format('FOR VALUES FROM (%L) TO (%L)', k.range_start, k.range_end),
           pg_total_relation_size(c.oid) + coalesce(pg_total_relation_size(packed.oid), 0),
           greatest(c.reltuples, 0)::bigint + coalesce(s.numrows_pre_compression, 0)
    FROM timescaledb_information.chunks AS k
    JOIN pg_namespace AS n ON n.nspname = k.chunk_schema
    JOIN pg_class AS c ON c.relname = k.chunk_name AND c.relnamespace = n.oid
    JOIN _timescaledb_catalog.chunk AS own
      ON own.schema_name = k.chunk_schema AND own.table_name = k.chunk_name
    LEFT JOIN _timescaledb_catalog.chunk AS other ON other.id = own.compressed_chunk_id
    LEFT JOIN pg_class AS packed
      ON packed.relname = other.table_name AND packed.relnamespace = n.oid
    LEFT JOIN _timescaledb_catalog.compression_chunk_size AS s ON s.chunk_id = own.id
    WHERE k.hypertable_schema = 'public'
"""
