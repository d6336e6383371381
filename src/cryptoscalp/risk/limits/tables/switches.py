"""Who may trade, and who was told of it."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from cryptoscalp.market.tables.columns import moment
from cryptoscalp.registry.tables.columns import document
from cryptoscalp.risk.limits.tables.columns import (
    metadata,
    risk_alert_kind,
    risk_level,
    switch_change,
)
from cryptoscalp.risk.limits.tables.limits import limit_breaches
from cryptoscalp.trading.tables import portfolios
from cryptoscalp.trading.tables.columns import key, recorded_at, reference


def _of_portfolio() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["portfolio_id"], [portfolios.c.portfolio_id], ondelete="RESTRICT")


def _of_breach() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["breach_id"], [limit_breaches.c.breach_id], ondelete="RESTRICT")


kill_switches = Table(
    "kill_switches",
    metadata,
    key("switch_id", "its number"),
    reference("portfolio_id", "portfolio that it stops; NULL: all of them", nullable=True),
    Column("halted", Boolean, nullable=False, server_default="false",
           comment="whether trading is stopped"),
    Column("reason", Text, comment="why it is stopped, or why it was let go on"),
    moment("changed_at", "since when it is so", server_default=text("now()")),
    Column("changed_by", Text, nullable=False, comment="login that changed it"),
    reference("breach_id", "breach that stopped it, if one did", nullable=True),
    _of_portfolio(),
    _of_breach(),
    UniqueConstraint("portfolio_id", postgresql_nulls_not_distinct=True),
    CheckConstraint("NOT halted OR reason IS NOT NULL", name="chk_switch_reason"),
    comment="One switch a portfolio and one for all. A switch that is missing stops trading.",
)  # fmt: skip

kill_switch_events = Table(
    "kill_switch_events",
    metadata,
    key("event_id", "its number"),
    moment("timestamp", "when it was done"),
    reference("portfolio_id", "portfolio; NULL: all of them", nullable=True),
    Column("event", switch_change, nullable=False, comment="what was done"),
    Column("reason", Text, nullable=False, comment="why"),
    Column("changed_by", Text, nullable=False, comment="login that did it"),
    reference("breach_id", "breach that did it, if one did", nullable=True),
    _of_portfolio(),
    _of_breach(),
    Index("kill_switch_events_timestamp_idx", "timestamp"),
    comment="Every halt and every resume, append-only.",
)

risk_alerts = Table(
    "risk_alerts",
    metadata,
    key("alert_id", "its number, in the order of commit"),
    moment("timestamp", "when what it tells of happened"),
    Column("kind", risk_alert_kind, nullable=False, comment="what happened"),
    reference("portfolio_id", "portfolio; NULL: all of them", nullable=True),
    Column("level", risk_level, comment="level of the breach, if it has one"),
    reference("breach_id", "breach that it tells of, if any", nullable=True),
    Column("message", Text, nullable=False, comment="it in a sentence"),
    document("payload", "it for programs", nullable=False),
    recorded_at(),
    _of_portfolio(),
    _of_breach(),
    Index("risk_alerts_timestamp_idx", "timestamp"),
    comment="What is to be told to people and programs, append-only; written with what it tells.",
)

risk_alert_deliveries = Table(
    "risk_alert_deliveries",
    metadata,
    reference("alert_id", "alert"),
    Column("sink", Text, nullable=False,
           comment="where to: log, or a webhook's host with a hash of its address"),
    Column("attempts", Integer, nullable=False, comment="how often it was tried"),
    moment("delivered_at", "when it arrived; NULL while it has not", nullable=True),
    moment("next_at", "not tried again before; NULL once it has arrived", nullable=True),
    Column("error", Text, comment="why the last try failed"),
    PrimaryKeyConstraint("alert_id", "sink"),
    ForeignKeyConstraint(["alert_id"], [risk_alerts.c.alert_id], ondelete="RESTRICT"),
    CheckConstraint("attempts > 0 AND (delivered_at IS NULL) = (next_at IS NOT NULL)",
                    name="chk_delivery"),
    comment="How far each alert has come to each receiver.",
)  # fmt: skip
