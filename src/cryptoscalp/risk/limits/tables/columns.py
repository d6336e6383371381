"""Enums of limits, breaches, the kill switch and alerts (S10)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, MetaData, Numeric
from sqlalchemy.dialects.postgresql import ENUM

from cryptoscalp.market.tables.columns import metadata as market_metadata

metadata = MetaData(naming_convention=market_metadata.naming_convention)

#: Also the level of the rows in `risk_metrics`: made once, for both.
risk_level = ENUM("LOW", "MEDIUM", "HIGH", "CRITICAL", name="risk_level", metadata=metadata)
limit_metric = ENUM(
    "GROSS_EXPOSURE", "NET_EXPOSURE", "LEVERAGE", "DAILY_LOSS", "DRAWDOWN", "VAR",
    "EXPECTED_SHORTFALL", "CONCENTRATION", "STALE_DATA",
    name="limit_metric",
    metadata=metadata,
)  # fmt: skip
limit_action = ENUM("ALERT", "HALT", name="limit_action", metadata=metadata)
breach_state = ENUM(
    "BREACHED", "CLEARING", "UNKNOWN", "CLOSED", name="breach_state", metadata=metadata
)
breach_end = ENUM(
    "CLEARED", "LIMIT_ENDED", "PORTFOLIO_CLOSED", name="breach_end", metadata=metadata
)
switch_change = ENUM("HALTED", "RESUMED", name="switch_change", metadata=metadata)
risk_alert_kind = ENUM(
    "BREACH_OPENED", "BREACH_RAISED", "BREACH_CLOSED", "HALTED", "RESUMED",
    name="risk_alert_kind",
    metadata=metadata,
)  # fmt: skip


def figure(name: str, comment: str) -> Column[Any]:
    """A measured value in the metric's unit; not an `amount`, as a leverage may be infinite."""
    return Column(name, Numeric, comment=comment)
