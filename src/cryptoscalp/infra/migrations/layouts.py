"""The two layouts of tables that are cut by day: native partitions, and TimescaleDB's hypertables.

A revision that makes such a table makes it partitioned and calls `cut` for it, which leaves it so
or makes it a hypertable; a table that is there, with rows, goes either way by the same function.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

import psycopg
from psycopg import sql
from sqlalchemy import MetaData

from cryptoscalp.infra.db.by_day import INFO, ByDay
from cryptoscalp.infra.db.capabilities import Layout
from cryptoscalp.infra.db.errors import IntegrityRefused
from cryptoscalp.infra.migrations import rebuilding

Connection: TypeAlias = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class Moved:
    """One table that changed its layout: days with rows, and rows, each compared with before."""

    table: str
    days: int
    rows: int


def cut(connection: Connection, layout: Layout, tables: Iterable[ByDay]) -> list[Moved]:
    """Bring tables into a layout, with their rows, in the transaction that is open.

    Those that have it are left alone. Columns, constraints, indexes, comments, triggers and grants
    stay; functions that depend on the tables are made again. Each day is counted and hashed in both
    forms before the old one is dropped; raises IntegrityRefused when they differ. Views and
    continuous aggregates over such a table, foreign keys to it, row security and publications are
    not carried over: they are named and refused, whoever owns them.
    """
    moved = []
    for table in tables:
        if layout_of(connection, table.name) == layout:
            continue
        rebuilding.refuse_strangers(connection, table.name)
        dependents = rebuilding.take_dependents(connection, table.name)
        kept = rebuilding.set_aside(connection, table.name)
        days = _days(connection, table.name, kept)
        _make(connection, layout, table, kept)
        if layout == "native" and days:
            _make_partitions(connection, table.name, days)
        counted = [_copy_day(connection, table.name, kept, *day) for day in days]
        kept.finish(connection)
        for statement in dependents:
            connection.execute(statement.encode())
        moved.append(Moved(table.name, sum(1 for n in counted if n), sum(counted)))
    return moved


def layout_of(connection: Connection, table: str) -> Layout:
    """How a table of the owner's is cut, by the catalogue."""
    row = connection.execute(
        "SELECT relkind = 'p' FROM pg_class WHERE oid = to_regclass(%s)", [f"public.{table}"]
    ).fetchone()
    assert row is not None, table
    return "native" if row[0] else "timescale"


def has_columnstore(connection: Connection) -> bool:
    """Whether this server's TimescaleDB is the Community edition."""
    row = connection.execute("SELECT current_setting('timescaledb.license', true)").fetchone()
    return row is not None and row[0] == "timescale"


def _make(connection: Connection, layout: Layout, table: ByDay, kept: rebuilding.SetAside) -> None:
    kept.create(connection, "PARTITION BY RANGE (timestamp)" if layout == "native" else "")
    if layout == "timescale":
        connection.execute(
            "SELECT create_hypertable(%s::regclass, by_range('timestamp', INTERVAL '1 day'),"
            " create_default_indexes => false)",
            [f"public.{table.name}"],
        )
    kept.add_keys(connection)
    if layout == "timescale" and has_columnstore(connection):
        connection.execute(
            sql.SQL(
                "ALTER TABLE public.{} SET (timescaledb.enable_columnstore,"
                " timescaledb.segmentby = {}, timescaledb.orderby = {})"
            ).format(
                sql.Identifier(table.name),
                sql.Literal(", ".join(table.segment_by)),
                sql.Literal(", ".join(table.order_by)),
            )
        )


def _days(
    connection: Connection, table: str, kept: rebuilding.SetAside
) -> list[tuple[datetime, datetime]]:
    """Bounds of every partition or chunk, in order; each is a UTC day."""
    if kept.partitioned:
        # Parsed from the catalogue's text: PostgreSQL has no function for the bounds.
        query = """
            SELECT (regexp_match(bounds, 'FROM \\(''(.*?)''\\)'))[1]::timestamptz,
                   (regexp_match(bounds, 'TO \\(''(.*?)''\\)'))[1]::timestamptz
            FROM (SELECT pg_get_expr(c.relpartbound, c.oid) AS bounds
                  FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
                  WHERE i.inhparent = %s::regclass) AS parts
            ORDER BY 1
        """
    else:
        query = """
            SELECT c.range_start, c.range_end FROM timescaledb_information.chunks AS c
            WHERE format('%%I.%%I', c.hypertable_schema, c.hypertable_name)::regclass = %s::regclass
            ORDER BY 1
        """
    found = connection.execute(query.encode(), [f"public.{kept.name}"]).fetchall()
    return [(row[0], row[1]) for row in found]


def _make_partitions(
    connection: Connection, table: str, days: Iterable[tuple[datetime, datetime]]
) -> None:
    for first, _ in days:
        connection.execute("SELECT ensure_partitions(%s, %s, %s)", [first, first, [table]])


def _copy_day(
    connection: Connection,
    table: str,
    kept: rebuilding.SetAside,
    first: datetime,
    end: datetime,
) -> int:
    """Copy the rows of one day, compare both forms, and return how many they are."""
    connection.execute(
        sql.SQL(
            "INSERT INTO public.{} ({columns}) SELECT {columns} FROM public.{}"
            " WHERE timestamp >= %s AND timestamp < %s ORDER BY {key}"
        ).format(
            sql.Identifier(table),
            sql.Identifier(kept.name),
            columns=kept.columns,
            key=kept.key,
        ),
        [first, end],
    )
    before, after = (
        connection.execute(
            sql.SQL(
                "SELECT count(*), coalesce(sum(hashtextextended(ROW({})::text, 0)::numeric), 0)"
                " FROM public.{} WHERE timestamp >= %s AND timestamp < %s"
            ).format(kept.columns, sql.Identifier(name)),
            [first, end],
        ).fetchone()
        for name in (kept.name, table)
    )
    assert before is not None
    if before != after:
        raise IntegrityRefused(
            f"{table}: the rows of {first:%Y-%m-%d} differ after they were copied, {before} before"
            f" and {after} after (count, sum of hashes); nothing was changed: run"
            f" `cryptoscalp doctor`, then report it"
        )
    rows: int = before[0]
    return rows


def declared(metadata: Iterable[MetaData]) -> list[ByDay]:
    """The tables that say they are cut by day, by name."""
    tables = [table for part in metadata for table in part.sorted_tables if INFO in table.info]
    return [table.info[INFO] for table in sorted(tables, key=lambda table: table.name)]
