"""Ticks: executed trades and the best bid and ask, append-only, partitioned by day (S3, S22)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, PrimaryKeyConstraint, Table

from cryptoscalp.infra.db.by_day import INFO, ByDay
from cryptoscalp.market.tables.columns import (
    exchange,
    metadata,
    moment,
    price,
    quantity,
    quote_source,
    symbol,
    trade_feed,
    trade_side,
)

_GENESIS = "'2009-01-03 00:00:00+00'::timestamptz"


def _sequence() -> Column[Any]:
    return Column(
        "sequence", BigInteger, nullable=False, autoincrement=False,
        comment="the venue's trade or update id; an ordinal where the venue gives none",
    )  # fmt: skip


def _provenance() -> list[Column[Any]]:
    return [
        moment("received_at", "when the recorder received the event", nullable=True),
        Column("batch_id", BigInteger, comment="batch that stored it; NULL from foreign writers"),
    ]


market_data = Table(
    "market_data",
    metadata,
    moment("timestamp", "execution time by the exchange"),
    symbol(),
    exchange(),
    price("price", "execution price, quote currency"),
    quantity("volume", "executed size, base currency or contracts"),
    price("bid_price", "best bid, where the source row has it", nullable=True),
    price("ask_price", "best ask, where the source row has it", nullable=True),
    quantity("bid_volume", "size at the best bid", nullable=True),
    quantity("ask_volume", "size at the best ask", nullable=True),
    Column("side", trade_side, comment="the aggressor; NULL where the venue does not say"),
    Column("feed", trade_feed, nullable=False, comment="id space of sequence"),
    _sequence(),
    *_provenance(),
    PrimaryKeyConstraint("symbol", "exchange", "timestamp", "feed", "sequence"),
    CheckConstraint(
        "price > 0 AND (bid_price IS NULL OR bid_price > 0)"
        " AND (ask_price IS NULL OR ask_price > 0)",
        name="chk_positive_prices",
    ),
    CheckConstraint(
        "volume > 0 AND (bid_volume IS NULL OR bid_volume >= 0)"
        " AND (ask_volume IS NULL OR ask_volume >= 0)",
        name="chk_positive_volumes",
    ),
    CheckConstraint(f"timestamp >= {_GENESIS}", name="chk_timestamp_floor"),
    Index("market_data_symbol_timestamp_idx", "symbol", "timestamp", postgresql_using="brin"),
    comment="Executed trades, append-only; identity is (exchange, symbol, feed, sequence).",
    postgresql_partition_by="RANGE (timestamp)",
    info={INFO: ByDay("market_data", ("symbol", "exchange"), ("timestamp", "sequence"))},
)

order_book_l1 = Table(
    "order_book_l1",
    metadata,
    moment("timestamp", "time by the exchange; receive time where it sends none"),
    symbol(),
    exchange(),
    price("bid_price", "best bid, quote currency"),
    quantity("bid_volume", "size at the best bid"),
    price("ask_price", "best ask, quote currency"),
    quantity("ask_volume", "size at the best ask"),
    Column("source", quote_source, nullable=False, comment="id space of sequence"),
    _sequence(),
    *_provenance(),
    PrimaryKeyConstraint("symbol", "exchange", "timestamp", "source", "sequence"),
    CheckConstraint("bid_price > 0 AND ask_price > 0", name="chk_positive_quotes"),
    CheckConstraint("bid_volume > 0 AND ask_volume > 0", name="chk_positive_sizes"),
    CheckConstraint("bid_price <= ask_price", name="chk_book_not_crossed"),
    CheckConstraint(f"timestamp >= {_GENESIS}", name="chk_quote_timestamp_floor"),
    Index("order_book_l1_symbol_timestamp_idx", "symbol", "timestamp", postgresql_using="brin"),
    comment="Best bid and ask, append-only; identity is (exchange, symbol, source, sequence).",
    postgresql_partition_by="RANGE (timestamp)",
    info={INFO: ByDay("order_book_l1", ("symbol", "exchange"), ("timestamp", "sequence"))},
)
