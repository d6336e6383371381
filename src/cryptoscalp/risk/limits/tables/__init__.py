"""Limits: tables, as SQLAlchemy Core metadata.

Read for their comments: each table and column says what it holds, in which unit.
"""

from cryptoscalp.risk.limits.tables.columns import metadata
from cryptoscalp.risk.limits.tables.limits import limit_breaches, risk_limits
from cryptoscalp.risk.limits.tables.switches import (
    kill_switch_events,
    kill_switches,
    risk_alert_deliveries,
    risk_alerts,
)

__all__ = [
    "kill_switch_events",
    "kill_switches",
    "limit_breaches",
    "metadata",
    "risk_alert_deliveries",
    "risk_alerts",
    "risk_limits",
]
