"""Domains, enums and the columns that several market tables share (schema decision S1)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, MetaData, Numeric, String
from sqlalchemy.dialects.postgresql import DOMAIN, ENUM, TIMESTAMP

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
        "ck": "%(constraint_name)s",
    }
)

#: The venue's own spelling, never rewritten.
symbol_type = DOMAIN(
    "symbol",
    String(64),
    constraint_name="symbol_not_empty",
    check="VALUE <> ''",
    metadata=metadata,
)
#: The ccxt id of the market.
exchange_type = DOMAIN(
    "exchange_id",
    String(32),
    constraint_name="exchange_id_not_empty",
    check="VALUE <> ''",
    metadata=metadata,
)
#: 20 integer digits and 18 decimals: SHIB-like volumes and 4.9e-11 prices both fit.
price_type = DOMAIN(
    "price",
    Numeric(38, 18),
    constraint_name="price_is_a_number",
    check="VALUE <> 'NaN'::numeric",
    metadata=metadata,
)
quantity_type = DOMAIN(
    "quantity",
    Numeric(38, 18),
    constraint_name="quantity_is_a_number",
    check="VALUE <> 'NaN'::numeric",
    metadata=metadata,
)

trade_side = ENUM("BUY", "SELL", name="trade_side", metadata=metadata)
trade_feed = ENUM("trade", "agg_trade", name="trade_feed", metadata=metadata)
quote_source = ENUM("ticker", "depth", "snapshot", name="quote_source", metadata=metadata)
tick_stream = ENUM(
    "trade", "agg_trade", "ticker", "depth", "snapshot", name="tick_stream", metadata=metadata
)
candle_interval = ENUM(
    "1s", "1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d", "1w",
    name="candle_interval",
    metadata=metadata,
)  # fmt: skip
candle_source = ENUM("computed", "imported", name="candle_source", metadata=metadata)
coverage_kind = ENUM("RECEIVED", "GAP", name="coverage_kind", metadata=metadata)
gap_cause = ENUM(
    "sequence", "quarantined", "disconnected", "silent", "removed",
    name="gap_cause",
    metadata=metadata,
)  # fmt: skip
batch_status = ENUM("OPEN", "COMMITTED", "UNDONE", name="batch_status", metadata=metadata)


def timestamptz() -> TIMESTAMP:
    """TIMESTAMPTZ: microseconds, UTC."""
    return TIMESTAMP(timezone=True)


def symbol() -> Column[Any]:
    return Column("symbol", symbol_type, nullable=False, comment="the venue's own symbol")


def exchange() -> Column[Any]:
    return Column("exchange", exchange_type, nullable=False, comment="ccxt id of the market")


def price(name: str, comment: str, *, nullable: bool = False) -> Column[Any]:
    return Column(name, price_type, nullable=nullable, comment=comment)


def quantity(name: str, comment: str, *, nullable: bool = False) -> Column[Any]:
    return Column(name, quantity_type, nullable=nullable, comment=comment)


def moment(name: str, comment: str, *, nullable: bool = False, **kwargs: Any) -> Column[Any]:
    return Column(name, timestamptz(), nullable=nullable, comment=comment, **kwargs)
