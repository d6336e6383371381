"""Flows: the daily and monthly partitions of ticks and candles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

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
    """Every partition of the tables of ticks, candles and states, by table and time."""
    found = yield from rows(
        "SELECT p.relname::text, c.relname::text, pg_get_expr(c.relpartbound, c.oid),"
        "       pg_total_relation_size(c.oid), greatest(c.reltuples, 0)::bigint"
        " FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid"
        " JOIN pg_class AS p ON p.oid = i.inhparent"
        " WHERE p.relname IN ('market_data', 'order_book_l1', 'candles_1s', 'candles_long',"
        "   'mark_prices', 'funding_rates')"
        "   AND c.relkind = 'r' ORDER BY p.relname, c.relname"
    )
    return [Partition(*row) for row in found]
