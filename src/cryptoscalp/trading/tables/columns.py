"""Domains, enums and the columns that several tables of the books share (S1, S10, S17)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKeyConstraint,
    Identity,
    MetaData,
    Numeric,
    String,
    text,
)
from sqlalchemy.dialects.postgresql import DOMAIN, ENUM

from cryptoscalp.market.tables import exchanges, instruments
from cryptoscalp.market.tables.columns import metadata as market_metadata
from cryptoscalp.market.tables.columns import moment
from cryptoscalp.registry.tables import model_versions

metadata = MetaData(naming_convention=market_metadata.naming_convention)

#: A currency as venues write it: BTC, USDT, 1000SHIB.
currency_type = DOMAIN(
    "currency",
    String(32),
    constraint_name="currency_is_a_word",
    check="VALUE ~ '^\\S+$'",
    metadata=metadata,
)
#: Money: 20 integer digits and 18 decimals, with a sign.
amount_type = DOMAIN(
    "amount",
    Numeric(38, 18),
    constraint_name="amount_is_a_number",
    check="VALUE <> 'NaN'::numeric",
    metadata=metadata,
)

position_mode = ENUM("NETTING", "HEDGING", name="position_mode", metadata=metadata)
position_side = ENUM("LONG", "SHORT", name="position_side", metadata=metadata)
position_status = ENUM("OPEN", "CLOSED", "PARTIAL", name="position_status", metadata=metadata)
liquidity = ENUM("MAKER", "TAKER", name="liquidity", metadata=metadata)
trade_kind = ENUM("FILL", "ADJUSTMENT", "REVERSAL", name="trade_kind", metadata=metadata)
cash_kind = ENUM(
    "DEPOSIT", "WITHDRAWAL", "TRADE", "REALIZED_PNL", "FEE", "FUNDING", "ADJUSTMENT",
    name="cash_kind",
    metadata=metadata,
)  # fmt: skip
order_type = ENUM(
    "MARKET", "LIMIT", "STOP_MARKET", "STOP_LIMIT", "TAKE_PROFIT_MARKET", "TAKE_PROFIT_LIMIT",
    name="order_type",
    metadata=metadata,
)  # fmt: skip
order_status = ENUM(
    "DECIDED", "SENT", "ACKNOWLEDGED", "PARTIALLY_FILLED", "FILLED", "CANCELLED", "REJECTED",
    name="order_status",
    metadata=metadata,
)  # fmt: skip
order_event_kind = ENUM(
    "DECIDED", "SENT", "ACKNOWLEDGED", "FILLED", "CANCELLED", "REJECTED",
    name="order_event_kind",
    metadata=metadata,
)  # fmt: skip
time_in_force = ENUM("GTC", "IOC", "FOK", "GTX", name="time_in_force", metadata=metadata)
#: What positions are valued at: the side that would close them, mid, last trade or mark price.
price_kind = ENUM("QUOTE", "MID", "LAST", "MARK", name="price_kind", metadata=metadata)


def key(name: str, comment: str) -> Column[Any]:
    return Column(name, BigInteger, Identity(always=True), primary_key=True, comment=comment)


def reference(name: str, comment: str, *, nullable: bool = False) -> Column[Any]:
    return Column(name, BigInteger, nullable=nullable, comment=comment)


def currency(name: str, comment: str, *, nullable: bool = False) -> Column[Any]:
    return Column(name, currency_type, nullable=nullable, comment=comment)


def amount(name: str, comment: str, *, nullable: bool = False, **more: Any) -> Column[Any]:
    return Column(name, amount_type, nullable=nullable, comment=comment, **more)


def recorded_at() -> Column[Any]:
    return moment("recorded_at", "when this row was written", server_default=text("now()"))


def of_exchange() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["exchange"], [exchanges.c.exchange_id], ondelete="RESTRICT")


def of_instrument() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["symbol", "exchange"], [instruments.c.symbol, instruments.c.exchange], ondelete="RESTRICT"
    )


def of_model_version() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["model_id"], [model_versions.c.model_id], ondelete="RESTRICT")


def refers(column: str, target: str) -> ForeignKeyConstraint:
    """A foreign key into the books; what is referred to is retired or closed, never deleted."""
    return ForeignKeyConstraint([column], [target], ondelete="RESTRICT")


def refers_named(column: str, target: str, name: str) -> ForeignKeyConstraint:
    """As `refers`, where a table has several into the same one."""
    return ForeignKeyConstraint([column], [target], name=name, ondelete="RESTRICT")
