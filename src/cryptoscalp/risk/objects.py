"""Risk: functions, views, triggers and grants, in the order they are made."""

from __future__ import annotations

#: Names of files in `sql/`. Each revision that changes one freezes a copy of it.
SQL_OBJECTS: tuple[str, ...] = (
    "refuse_risk_change",
    "refuse_risk_entry",
    "record_risk",
    "record_risk_backtest",
    "risk_triggers",
    "risk_grants",
)
