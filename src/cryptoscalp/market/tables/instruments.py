"""Exchanges, and instruments with the history of their terms."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    PrimaryKeyConstraint,
    Table,
    Text,
    text,
)

from cryptoscalp.market.tables.columns import (
    exchange,
    exchange_type,
    metadata,
    moment,
    price,
    quantity,
    quote_source,
    symbol,
    trade_feed,
)

exchanges = Table(
    "exchanges",
    metadata,
    Column("exchange_id", exchange_type, primary_key=True, comment="ccxt id of the market"),
    Column("name", Text, comment="display name"),
    moment("created_at", "first registered", server_default=text("now()")),
    comment="Markets that data comes from; registered by the first batch that names them.",
)


def _terms() -> list[Column[Any]]:
    return [
        Column("base", Text, comment="base currency"),
        Column("quote", Text, comment="quote currency"),
        Column("settle", Text, comment="settlement currency of a derivative"),
        price("tick_size", "smallest price step, quote currency", nullable=True),
        quantity("lot_size", "smallest size step, base currency or contracts", nullable=True),
        quantity(
            "contract_multiplier", "base units (linear) or quote units (inverse) a contract",
            nullable=True,
        ),
        Column("inverse", Boolean, comment="true where profit is paid in the base currency"),
        moment("listed_at", "listed by the venue", nullable=True),
        moment("delisted_at", "delisted by the venue", nullable=True),
        Column("renamed_to", Text, comment="the symbol that continues this one"),
    ]  # fmt: skip


instruments = Table(
    "instruments",
    metadata,
    symbol(),
    exchange(),
    Column(
        "canonical_feed", trade_feed,
        comment="the trade feed that candles, last trade and analytics are made of; the first"
        " one stored unless set, NULL before",
    ),
    Column(
        "quote_source", quote_source, nullable=False, server_default="ticker",
        comment="the source of quotes that the newest quote and reads use",
    ),
    *_terms(),
    moment("created_at", "first registered", server_default=text("now()")),
    PrimaryKeyConstraint("symbol", "exchange"),
    ForeignKeyConstraint(["exchange"], ["exchanges.exchange_id"], ondelete="RESTRICT"),
    CheckConstraint(
        "(tick_size IS NULL OR tick_size > 0) AND (lot_size IS NULL OR lot_size > 0)"
        " AND (contract_multiplier IS NULL OR contract_multiplier > 0)",
        name="chk_instrument_steps",
    ),
    comment="One row a tradable instrument with its current terms; older terms in"
    " instrument_revisions.",
)  # fmt: skip

instrument_revisions = Table(
    "instrument_revisions",
    metadata,
    symbol(),
    exchange(),
    moment("valid_from", "these terms hold from this moment"),
    moment("valid_to", "until this moment; NULL for the current ones", nullable=True),
    *_terms(),
    PrimaryKeyConstraint("symbol", "exchange", "valid_from"),
    CheckConstraint("valid_to IS NULL OR valid_to > valid_from", name="chk_revision_range"),
    comment="Validity ranges of instrument terms; written by a trigger on instruments.",
)
