"""Enums of performance analytics, and columns that its tables share."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, MetaData, Numeric
from sqlalchemy.dialects.postgresql import ENUM

from cryptoscalp.market.tables.columns import metadata as market_metadata

metadata = MetaData(naming_convention=market_metadata.naming_convention)

performance_period = ENUM("1h", "1d", "1w", "1M", "all", name="performance_period",
                          metadata=metadata)  # fmt: skip
performance_scope = ENUM("PORTFOLIO", "STRATEGY", "SYMBOL", name="performance_scope",
                         metadata=metadata)  # fmt: skip
#: Length of the buckets that a period is made of: 1h and 1d of minutes, 1w and 1M of hours, all of
#: days.
performance_step = ENUM("1m", "1h", "1d", name="performance_step", metadata=metadata)


def money(name: str, comment: str, *, nullable: bool = False) -> Column[Any]:
    """A sum of amounts, each rounded once to 18 decimals: it may have more digits than one."""
    default = None if nullable else "0"
    return Column(name, Numeric, nullable=nullable, comment=comment, server_default=default)
