"""The newest quote and trade an instrument: one row each, rewritten in place (HOT)."""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy import BigInteger, Column, Numeric, PrimaryKeyConstraint, Table

from cryptoscalp.market.tables.columns import (
    exchange,
    metadata,
    moment,
    symbol,
    trade_side,
)


def _trimmed(name: str, comment: str) -> Column[Decimal]:
    """A number whose trailing zeros were cut when it was written, so that no read has to."""
    return Column(name, Numeric, nullable=False, comment=comment)


newest_quotes = Table(
    "newest_quotes",
    metadata,
    symbol(),
    exchange(),
    moment("timestamp", "time of the quote"),
    _trimmed("bid_price", "best bid, quote currency"),
    _trimmed("bid_volume", "size at the best bid"),
    _trimmed("ask_price", "best ask, quote currency"),
    _trimmed("ask_volume", "size at the best ask"),
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
    _trimmed("price", "execution price, quote currency"),
    _trimmed("volume", "executed size"),
    Column("side", trade_side, comment="the aggressor"),
    Column("sequence", BigInteger, nullable=False, comment="the venue's trade id"),
    moment("received_at", "when the recorder received it", nullable=True),
    PrimaryKeyConstraint("symbol", "exchange"),
    comment="Last trade by (timestamp, sequence) of the instrument's canonical feed.",
    postgresql_with={"fillfactor": 50},
)
