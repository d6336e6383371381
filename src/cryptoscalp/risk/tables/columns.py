"""Enums of risk, and the columns that its tables share (S10, S16)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Interval, MetaData, Text
from sqlalchemy.dialects.postgresql import ENUM

from cryptoscalp.market.tables.columns import candle_interval
from cryptoscalp.market.tables.columns import metadata as market_metadata
from cryptoscalp.registry.tables.columns import double

metadata = MetaData(naming_convention=market_metadata.naming_convention)

risk_level = ENUM("LOW", "MEDIUM", "HIGH", "CRITICAL", name="risk_level", metadata=metadata)
risk_scope = ENUM(
    "PORTFOLIO", "STRATEGY", "SYMBOL", "EXCHANGE", name="risk_scope", metadata=metadata
)
var_estimator = ENUM(
    "HISTORICAL", "GAUSSIAN", "STUDENT_T", "CORNISH_FISHER", "EWMA_HISTORICAL",
    name="var_estimator",
    metadata=metadata,
)  # fmt: skip


def method_columns() -> list[Column[Any]]:
    """What tells one figure's method from another's."""
    return [
        Column("scope", risk_scope, nullable=False, comment="the portfolio, or a part of it"),
        Column("subject", Text, nullable=False,
               comment="strategy, SYMBOL@exchange or exchange; empty for the portfolio, and for"
               " positions without a strategy"),
        Column("estimator", var_estimator, nullable=False, comment="how the tail is estimated"),
        double("confidence", "of not losing more, above 0.5 and below 1"),
        Column("horizon", candle_interval, nullable=False,
               comment="over which a loss is meant; returns are of candles of this length"),
        Column("lookback", Interval, nullable=False, comment="length of the history used"),
    ]  # fmt: skip
