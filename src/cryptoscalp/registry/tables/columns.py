"""Enums and the columns that several tables of the registry share (S2, S8, S14)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    ForeignKeyConstraint,
    Identity,
    LargeBinary,
    MetaData,
    text,
)
from sqlalchemy.dialects.postgresql import ENUM, JSONB

from cryptoscalp.market.tables.columns import metadata as market_metadata
from cryptoscalp.market.tables.columns import moment

metadata = MetaData(naming_convention=market_metadata.naming_convention)

model_status = ENUM(
    "TRAINING", "VALIDATING", "DEPLOYED", "RETIRED", name="model_status", metadata=metadata
)
#: Which price a model's predictions are compared with.
target_price = ENUM("LAST_TRADE", "MID", "CANDLE_CLOSE", name="target_price", metadata=metadata)
#: Whether it predicts that price, or its return since the decision.
target_kind = ENUM("PRICE", "RETURN", name="target_kind", metadata=metadata)
resolution_state = ENUM(
    "PENDING", "RESOLVED", "UNRESOLVABLE", name="resolution_state", metadata=metadata
)


def key(name: str, comment: str) -> Column[Any]:
    return Column(name, BigInteger, Identity(always=True), primary_key=True, comment=comment)


def reference(name: str, comment: str, *, nullable: bool = False) -> Column[Any]:
    return Column(name, BigInteger, nullable=nullable, comment=comment)


def double(name: str, comment: str, *, nullable: bool = False, **more: Any) -> Column[Any]:
    return Column(name, Double, nullable=nullable, comment=comment, **more)


def document(name: str, comment: str, *, nullable: bool = True, **more: Any) -> Column[Any]:
    return Column(name, JSONB, nullable=nullable, comment=comment, **more)


def sha256(name: str, comment: str, *, nullable: bool = True) -> Column[Any]:
    return Column(name, LargeBinary, nullable=nullable, comment=comment)


def recorded_at() -> Column[Any]:
    return moment("recorded_at", "when this row was written", server_default=text("now()"))


def refers(column: str, target: str | Column[Any], name: str | None = None) -> ForeignKeyConstraint:
    """A foreign key into the registry; what is referred to is retired, never deleted (S8)."""
    return ForeignKeyConstraint([column], [target], name=name, ondelete="RESTRICT")


def finite(*names: str) -> str:
    """The condition that doubles, where present, are numbers."""
    return " AND ".join(
        f"({name} IS NULL OR ({name} > '-Infinity' AND {name} < 'Infinity'))" for name in names
    )
