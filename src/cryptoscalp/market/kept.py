"""How long market data is kept, and how it looks in the cold tier (schema.md, classes)."""

from __future__ import annotations

from typing import Any, Final

import pyarrow as pa
from sqlalchemy import BigInteger, Boolean, Numeric, Table
from sqlalchemy.dialects.postgresql import DOMAIN, TIMESTAMP

from cryptoscalp.infra.cold.types import DECIMAL, TIME, ColdTable, Kept
from cryptoscalp.market import tables


def cold_table(table: Table, *order: str) -> ColdTable:
    """The cold form of a declared table, its rows told apart by `timestamp` and `order`."""
    fields = [
        pa.field(column.name, _type(column.type), nullable=bool(column.nullable))
        for column in table.columns
    ]
    return ColdTable(table.name, pa.schema(fields), ("timestamp", *order))


def _type(declared: Any) -> pa.DataType:
    if isinstance(declared, DOMAIN):
        declared = declared.data_type
    if isinstance(declared, Numeric):
        return DECIMAL
    if isinstance(declared, TIMESTAMP):
        return TIME
    if isinstance(declared, BigInteger):
        return pa.int64()
    if isinstance(declared, Boolean):
        return pa.bool_()
    return pa.string()


MARKET_DATA: Final = cold_table(tables.market_data, "feed", "sequence")
ORDER_BOOK_L1: Final = cold_table(tables.order_book_l1, "source", "sequence")
MARK_PRICES: Final = cold_table(tables.mark_prices)
FUNDING_RATES: Final = cold_table(tables.funding_rates)

KEPT: Final = (
    Kept("market_data", "regulated", "day", cold=MARKET_DATA),
    Kept("order_book_l1", "regulated", "day", cold=ORDER_BOOK_L1),
    Kept("mark_prices", "regulated", "day", cold=MARK_PRICES),
    Kept("funding_rates", "regulated", "day", cold=FUNDING_RATES),
    # Of candles, those of one second are operational: partitions of candles_1s.
    Kept("candles", "permanent"),
    Kept("candles_1s", "operational", "day"),
    Kept("candles_long", "permanent", "month"),
    Kept("quarantine", "operational", moment="last_seen_at"),
    Kept("coverage", "permanent"),
    Kept("batches", "permanent"),
    Kept("batch_streams", "permanent"),
    Kept("exchanges", "permanent"),
    Kept("instruments", "permanent"),
    Kept("instrument_revisions", "permanent"),
    Kept("newest_quotes", "permanent"),
    Kept("newest_trades", "permanent"),
    Kept("import_maps", "permanent"),
)

#: The tables that have a cold form, by name.
COLD: Final = {one.table: one.cold for one in KEPT if one.cold is not None}
