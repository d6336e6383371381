"""Flows: the rows of a part as PostgreSQL holds them, page by page, exactly."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Final

import pyarrow as pa
from psycopg import sql

from cryptoscalp.infra.cold.content import ContentHash
from cryptoscalp.infra.cold.types import DECIMAL, ColdTable, Content, Part
from cryptoscalp.infra.db.flow import Flow, arrow, call, rows
from cryptoscalp.market.ranges import exact_decimals

#: Rows that are in memory at once, times the few pages that wait for the lake.
PAGE_ROWS: Final = 250_000


def bounds(day: date) -> tuple[datetime, datetime]:
    """The first moment of a UTC day, and of the next one."""
    first = datetime.combine(day, time(), UTC)
    return first, first + timedelta(days=1)


def parts_here(table: str, day: date) -> Flow[list[Part]]:
    """The parts of a day of which PostgreSQL holds rows, by symbol and exchange.

    Goes from instrument to instrument by the key instead of reading every row.
    """
    found = yield from rows(
        sql.SQL(
            "WITH RECURSIVE found AS ("
            "    (SELECT symbol, exchange FROM {0} WHERE timestamp >= %(first)s"
            "     AND timestamp < %(last)s ORDER BY symbol, exchange LIMIT 1)"
            "    UNION ALL"
            "    SELECT next.symbol, next.exchange FROM found AS f CROSS JOIN LATERAL ("
            "        SELECT symbol, exchange FROM {0} WHERE timestamp >= %(first)s"
            "        AND timestamp < %(last)s AND (symbol, exchange) > (f.symbol, f.exchange)"
            "        ORDER BY symbol, exchange LIMIT 1) AS next)"
            " SELECT exchange::text, symbol::text FROM found"
        ).format(sql.Identifier(table)),
        dict(zip(("first", "last"), bounds(day), strict=True)),
        prepare=False,
    )
    return [Part(table, day, exchange, symbol) for exchange, symbol in found]


def pages(table: ColdTable, part: Part, take: Callable[[pa.Table], bool]) -> Flow[bool]:
    """Give each page of a part to `take`, in `table.order`, until it returns False."""
    first, last = bounds(part.day)
    after: list[object] | None = None
    while True:
        page = yield from arrow(
            _select(table, after is not None),
            (part.symbol, part.exchange, after[0] if after else first, last, *(after or ())),
        )
        typed = yield from call(partial(_typed, table, page))
        if typed.num_rows and not (yield from call(partial(take, typed))):
            return False
        if typed.num_rows < PAGE_ROWS:
            return True
        after = [typed.column(name)[-1].as_py() for name in table.order]


def content_here(table: ColdTable, part: Part) -> Flow[Content | None]:
    """What PostgreSQL holds of a part; None when it holds no row."""
    whole = ContentHash(table)

    def take(page: pa.Table) -> bool:
        whole.add(page)
        return True

    yield from pages(table, part, take)
    return whole.result()


def _select(table: ColdTable, resumed: bool) -> sql.Composed:
    order = sql.SQL(", ").join(_ordered(table, name) for name in table.order)
    places = sql.SQL(", ").join(sql.Placeholder() for _ in table.order)
    beyond = sql.SQL(" AND ({}) > ({})").format(order, places) if resumed else sql.SQL("")
    return sql.SQL(
        "SELECT {columns} FROM {table} WHERE symbol = %s AND exchange = %s"
        " AND timestamp >= %s AND timestamp < %s{beyond} ORDER BY {order} LIMIT {limit}"
    ).format(
        columns=sql.SQL(", ").join(
            sql.SQL("{0}::{1} AS {0}").format(sql.Identifier(field.name), _cast(field.type))
            for field in table.schema
        ),
        table=sql.Identifier(table.name),
        beyond=beyond,
        order=order,
        limit=sql.Literal(PAGE_ROWS),
    )


def _ordered(table: ColdTable, name: str) -> sql.Composable:
    # Texts are in the order of their bytes, whatever the enum or the collation says.
    if table.schema.field(name).type == pa.string():
        return sql.SQL('{}::text COLLATE "C"').format(sql.Identifier(name))
    return sql.SQL("{}").format(sql.Identifier(table.name, name))


def _cast(kind: pa.DataType) -> sql.SQL:
    if kind == DECIMAL:
        return sql.SQL("numeric")
    if kind == pa.int64():
        return sql.SQL("bigint")
    if kind == pa.bool_():
        return sql.SQL("boolean")
    return sql.SQL("text") if kind == pa.string() else sql.SQL("timestamptz")


def _typed(table: ColdTable, page: pa.Table) -> pa.Table:
    columns = [
        exact_decimals(page.column(field.name))
        if field.type == DECIMAL
        else page.column(field.name).cast(field.type)
        for field in table.schema
    ]
    return pa.Table.from_arrays(columns, schema=table.schema)
