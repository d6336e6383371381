"""Made rows for the cold tier."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cryptoscalp.infra.cold.types import DECIMAL, TIME, ColdTable, Part
from cryptoscalp.infra.cold.windows import in_order
from cryptoscalp.market.kept import KEPT

DAY = date(2024, 8, 8)
TABLES = {kept.table: kept.cold for kept in KEPT if kept.cold is not None}
_TEXTS = {"side": ("BUY", "SELL"), "feed": ("agg_trade", "trade"), "source": ("depth", "ticker")}


def part(table: ColdTable, symbol: str, day: date = DAY, exchange: str = "binance") -> Part:
    """A part of a table."""
    return Part(table.name, day, exchange, symbol)


def bounds(day: date = DAY) -> tuple[datetime, datetime]:
    """Start and end of a UTC day."""
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return start, start + timedelta(days=1)


def rows(table: ColdTable, count: int, of: Part, *, seed: int = 0) -> pa.Table:
    """Rows of a part in the table's order; every other nullable value is null."""
    random = np.random.default_rng(seed)
    start = int(bounds(of.day)[0].timestamp()) * 1_000_000
    # Moments repeat where the order has more columns to tell rows apart.
    span = 86_400_000 if len(table.order) == 1 else max(count // 2, 1)
    moments = random.choice(span, count, replace=len(table.order) > 1) * (86_400_000_000 // span)
    columns: list[pa.Array] = []
    for field in table.schema:
        if field.name == "timestamp":
            column = pa.array(start + moments).cast(TIME)
        elif field.name in ("symbol", "exchange"):
            column = pa.repeat(getattr(of, field.name), count)
        elif field.type == pa.string():
            column = pa.array(random.choice(_TEXTS.get(field.name, ("a", "b")), count))
        elif field.type == DECIMAL:
            cents = pa.array(random.integers(1, 10**15, count)).cast(pa.decimal128(19, 0))
            column = pc.multiply(cents, pa.scalar(Decimal("0.00000001"))).cast(DECIMAL)
        elif field.type == pa.bool_():
            column = pa.array(random.random(count) < 0.5)
        elif field.name == "sequence":
            column = pa.array(seed * 10**9 + random.permutation(count))
        else:
            column = pa.array(random.integers(0, 10**12, count)).cast(field.type)
        if field.nullable:
            column = pc.if_else(pa.array(random.random(count) < 0.5), column, None)
        columns.append(column)
    return in_order(pa.table(columns, schema=table.schema), table)


def joined(table: ColdTable, *pieces: pa.Table) -> pa.Table:
    """All rows in the table's order."""
    return in_order(pa.concat_tables(pieces), table).combine_chunks()


def sliced(held: pa.Table, size: int) -> list[pa.Table]:
    """The rows in pieces."""
    return [held.slice(start, size) for start in range(0, held.num_rows, size)]
