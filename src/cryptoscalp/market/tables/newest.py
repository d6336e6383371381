"""The newest quote and trade an instrument: one row each, rewritten in place (HOT)."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, PrimaryKeyConstraint, Table

from cryptoscalp.market.tables.columns import (
    exchange,
    metadata,
    moment,
    price,
    quantity,
    symbol,
    trade_side,
)

newest_quotes = Table(
    "newest_quotes",
    metadata,
    symbol(),
    exchange(),
    moment("timestamp", "time of the quote"),
    price("bid_price", "best bid, quote currency"),
    quantity("bid_volume", "size at the best bid"),
    price("ask_price", "best ask, quote currency"),
    quantity("ask_volume", "size at the best ask"),
    Column("sequence", BigInteger, nullable=False, comment="the venue's update id"),
    moment("received_at", "when the recorder received it", nullable=True),
    PrimaryKeyConstraint("symbol", "exchange"),
    comment="Newest quote by (timestamp, sequence) of the instrument's quote source.",
    postgresql_with={"fillfactor": 50},
)

newest_trades = Table(
    "newest_trades",
    metadata,
    symbol(),
    exchange(),
    moment("timestamp", "execution time"),
    price("price", "execution price, quote currency"),
    quantity("volume", "executed size"),
    Column("side", trade_side, comment="the aggressor"),
    Column("sequence", BigInteger, nullable=False, comment="the venue's trade id"),
    moment("received_at", "when the recorder received it", nullable=True),
    PrimaryKeyConstraint("symbol", "exchange"),
    comment="Last trade by (timestamp, sequence) of the instrument's canonical feed.",
    postgresql_with={"fillfactor": 50},
)
