"""Flow: how much is stored, at a glance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cryptoscalp.infra.db.flow import Flow, rows


@dataclass(frozen=True, slots=True)
class Overview:
    """What a database holds; `rows` are PostgreSQL's own estimates, by table."""

    server_version: str
    size_bytes: int
    instruments: int
    open_batches: int
    quarantined: int
    rows: Mapping[str, int]


def overview() -> Flow[Overview]:
    """Size, numbers of instruments, batches and refused records, and estimated rows."""
    found = yield from rows(
        "SELECT split_part(current_setting('server_version'), ' ', 1),"
        " pg_database_size(current_database()), (SELECT count(*) FROM instruments),"
        " (SELECT count(*) FROM batches WHERE status = 'OPEN'),"
        " (SELECT count(*) FROM quarantine WHERE resolved_at IS NULL)"
    )
    # A partition that was never analysed says -1, but its live rows are counted at each commit.
    estimated = yield from rows(
        "SELECT p.relname::text,"
        "       sum(greatest(c.reltuples, pg_stat_get_live_tuples(c.oid), 0))::bigint"
        " FROM pg_class AS p JOIN pg_inherits AS i ON i.inhparent = p.oid"
        " JOIN pg_class AS c ON c.oid = i.inhrelid AND c.relkind = 'r'"
        " WHERE p.relname IN ('market_data', 'order_book_l1', 'candles_1s', 'candles_long',"
        "   'mark_prices', 'funding_rates')"
        "   AND p.relnamespace = 'public'::regnamespace GROUP BY p.relname ORDER BY p.relname"
    )
    version, size_bytes, instruments, open_batches, quarantined = found[0]
    return Overview(version, size_bytes, instruments, open_batches, quarantined, dict(estimated))
