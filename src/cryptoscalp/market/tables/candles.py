"""Candles: computed at commit (1s, 1m) or imported (S21)."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Index,
    Numeric,
    PrimaryKeyConstraint,
    Table,
)

from cryptoscalp.market.tables.columns import (
    candle_interval,
    candle_source,
    exchange,
    metadata,
    moment,
    price,
    symbol,
)

candles = Table(
    "candles",
    metadata,
    moment("timestamp", "start of the bucket"),
    symbol(),
    exchange(),
    Column("interval", candle_interval, nullable=False, comment="length of the bucket"),
    Column("source", candle_source, nullable=False, comment="computed from ticks, or imported"),
    price("open", "first price"),
    price("high", "highest price"),
    price("low", "lowest price"),
    price("close", "last price"),
    Column("volume", Numeric, nullable=False, comment="sum of sizes"),
    Column("trade_count", BigInteger, comment="number of trades; NULL where a file has none"),
    moment("open_at", "time of the trade that gave open; NULL when imported", nullable=True),
    Column("open_sequence", BigInteger, comment="and its sequence: the earliest pair wins"),
    moment("close_at", "time of the trade that gave close; NULL when imported", nullable=True),
    Column("close_sequence", BigInteger, comment="and its sequence: the latest pair wins"),
    Column("batch_id", BigInteger, comment="batch that imported it; NULL when computed"),
    PrimaryKeyConstraint("symbol", "exchange", "interval", "timestamp", "source"),
    CheckConstraint(
        "low > 0 AND low <= open AND low <= close AND high >= open AND high >= close",
        name="chk_candle_prices",
    ),
    CheckConstraint(
        "volume >= 0 AND volume <> 'NaN'::numeric AND (trade_count IS NULL OR trade_count >= 0)",
        name="chk_candle_volume",
    ),
    CheckConstraint(
        "source = 'imported' OR (trade_count IS NOT NULL AND open_at IS NOT NULL"
        " AND open_sequence IS NOT NULL AND close_at IS NOT NULL AND close_sequence IS NOT NULL)",
        name="chk_candle_computed",
    ),
    Index("candles_timestamp_idx", "timestamp", postgresql_using="brin"),
    comment="Open, high, low, close and volume; computed ones equal their ticks at every commit.",
    postgresql_partition_by="LIST (interval)",
)
