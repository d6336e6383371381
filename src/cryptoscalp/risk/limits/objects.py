"""Limits: functions, views, triggers and grants, in the order they are made."""

from __future__ import annotations

#: Names of files in `sql/`. Each revision that changes one freezes a copy of it.
SQL_OBJECTS: tuple[str, ...] = (
    "refuse_limit_change",
    "refuse_limit_entry",
    "keep_limit",
    "keep_breach",
    "risk_alerts_in_order",
    "tell_risk_alert",
    "keep_portfolio_switch",
    "switched_portfolio",
    "set_kill_switch",
    "halt_trading",
    "resume_trading",
    "trading_state",
    "limit_named",
    "close_breach",
    "record_limit_checks",
    "end_breaches",
    "end_risk_limit",
    "set_risk_limit",
    "record_alert_delivery",
    "limit_triggers",
    "first_switches",
    "limit_grants",
)
