"""What is allowed, and what was not kept to."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    Interval,
    Numeric,
    Table,
    Text,
    text,
)

from cryptoscalp.market.tables import exchanges, instruments
from cryptoscalp.market.tables.columns import exchange_type, moment, symbol_type
from cryptoscalp.risk.limits.tables.columns import (
    breach_end,
    breach_state,
    figure,
    limit_action,
    limit_metric,
    metadata,
    risk_level,
)
from cryptoscalp.trading.tables import portfolios, strategies
from cryptoscalp.trading.tables.columns import amount, key, reference

_NAMED = "('LEVERAGE', 'DAILY_LOSS', 'DRAWDOWN', 'VAR', 'EXPECTED_SHORTFALL')"

risk_limits = Table(
    "risk_limits",
    metadata,
    key("limit_id", "its number"),
    reference("portfolio_id", "whose limit it is; NULL: of each open portfolio by itself",
              nullable=True),
    reference("strategy_id", "only what this strategy holds; NULL for all", nullable=True),
    Column("symbol", symbol_type, comment="only this instrument; NULL for all"),
    Column("exchange", exchange_type, comment="only this market; NULL for all"),
    Column("metric", limit_metric, nullable=False,
           comment="what is limited; exposures, DAILY_LOSS, VAR and EXPECTED_SHORTFALL in the"
                   " portfolio's base currency, STALE_DATA in seconds, the others are ratios"),
    amount("medium_at", "from here on the level is MEDIUM", nullable=True),
    amount("high_at", "from here on it is HIGH", nullable=True),
    amount("critical_at", "from here on it is CRITICAL", nullable=True),
    Column("clear_ratio", Numeric, nullable=False, server_default="0.9",
           comment="a breach ends below this share of the lowest threshold"),
    Column("clear_after", Interval, nullable=False, server_default=text("interval '5 minutes'"),
           comment="once the value has stayed there for so long"),
    Column("action", limit_action, nullable=False, server_default="ALERT",
           comment="HALT: the portfolio stops trading when the level becomes CRITICAL"),
    Column("unknown_action", limit_action, nullable=False, server_default="ALERT",
           comment="HALT: it stops when the value cannot be known"),
    moment("valid_from", "since when it holds", server_default=text("now()")),
    moment("valid_until", "until when; NULL until it is replaced or removed", nullable=True),
    Column("declared_by", Text, nullable=False, comment="login that declared it"),
    Column("ended_by", Text, comment="login that replaced or removed it"),
    Column("note", Text, comment="the caller's own"),
    ForeignKeyConstraint(["portfolio_id"], [portfolios.c.portfolio_id], ondelete="RESTRICT"),
    ForeignKeyConstraint(["strategy_id"], [strategies.c.strategy_id], ondelete="RESTRICT"),
    ForeignKeyConstraint(["exchange"], [exchanges.c.exchange_id], ondelete="RESTRICT"),
    ForeignKeyConstraint(["symbol", "exchange"], [instruments.c.symbol, instruments.c.exchange],
                         ondelete="RESTRICT"),
    CheckConstraint("coalesce(medium_at, high_at, critical_at) IS NOT NULL"
                    " AND least(medium_at, high_at, critical_at) > 0"
                    " AND (medium_at >= high_at) IS NOT TRUE"
                    " AND (medium_at >= critical_at) IS NOT TRUE"
                    " AND (high_at >= critical_at) IS NOT TRUE",
                    name="chk_limit_thresholds"),
    CheckConstraint("metric <> 'DRAWDOWN' OR greatest(medium_at, high_at, critical_at) <= 1",
                    name="chk_limit_reachable"),
    CheckConstraint("clear_ratio > 0 AND clear_ratio <= 1 AND clear_after >= interval '0'"
                    " AND clear_after <= interval '30 days'", name="chk_limit_clears"),
    CheckConstraint("action <> 'HALT' OR critical_at IS NOT NULL", name="chk_limit_halts"),
    CheckConstraint("(symbol IS NULL OR exchange IS NOT NULL) AND (metric NOT IN "
                    f"{_NAMED} OR (strategy_id IS NULL AND exchange IS NULL))",
                    name="chk_limit_scope"),
    CheckConstraint("valid_until IS NULL OR valid_until >= valid_from", name="chk_limit_valid"),
    Index("risk_limits_current_idx", "portfolio_id", "strategy_id", "symbol", "exchange", "metric",
          unique=True, postgresql_nulls_not_distinct=True,
          postgresql_where=text("valid_until IS NULL")),
    comment="Declared limits with their history: a change ends the row and makes another one.",
)  # fmt: skip

limit_breaches = Table(
    "limit_breaches",
    metadata,
    key("breach_id", "its number"),
    reference("limit_id", "limit that is not kept to"),
    reference("portfolio_id", "portfolio that does not"),
    moment("opened_at", "time of the check that opened it"),
    Column("state", breach_state, nullable=False,
           comment="at the last check. BREACHED: at or above a threshold; CLEARING: below all;"
                   " UNKNOWN: the value could not be known"),
    Column("level", risk_level,
           comment="highest level reached; NULL while no value was at a threshold"),
    amount("threshold", "threshold of that level", nullable=True),
    figure("opening_value", "value that opened it, in the metric's unit; NULL: unknown"),
    figure("peak_value", "highest value seen; NULL: none was known"),
    figure("last_value", "value of the last check; NULL: unknown"),
    Column("reason", Text, comment="why the value was unknown, the last time that it was"),
    Column("times_seen", BigInteger, nullable=False,
           comment="checks that found it at or above a threshold"),
    Column("times_unknown", BigInteger, nullable=False, comment="checks that found it unknown"),
    moment("checked_at", "time of the last check"),
    moment("calm_since", "since when the value is low enough to end it", nullable=True),
    moment("closed_at", "when it ended; NULL while it stands", nullable=True),
    Column("close_cause", breach_end, comment="why it ended"),
    ForeignKeyConstraint(["limit_id"], [risk_limits.c.limit_id], ondelete="RESTRICT"),
    ForeignKeyConstraint(["portfolio_id"], [portfolios.c.portfolio_id], ondelete="RESTRICT"),
    CheckConstraint("(state = 'CLOSED') = (closed_at IS NOT NULL)"
                    " AND (closed_at IS NULL) = (close_cause IS NULL)", name="chk_breach_closed"),
    CheckConstraint("(level IS NULL) = (threshold IS NULL)"
                    " AND (level IS NULL OR peak_value >= threshold)", name="chk_breach_level"),
    CheckConstraint("opening_value <> 'NaN' AND peak_value <> 'NaN' AND last_value <> 'NaN'",
                    name="chk_breach_values"),
    CheckConstraint("times_seen >= 0 AND times_unknown >= 0 AND times_seen + times_unknown > 0"
                    " AND checked_at >= opened_at AND closed_at >= opened_at",
                    name="chk_breach_counts"),
    Index("limit_breaches_open_idx", "limit_id", "portfolio_id", unique=True,
          postgresql_where=text("closed_at IS NULL")),
    Index("limit_breaches_portfolio_id_idx", "portfolio_id", "opened_at"),
    Index("limit_breaches_limit_id_idx", "limit_id", "portfolio_id", "breach_id"),
    comment="Breaches of limits, each recorded once: one open row a limit and portfolio.",
)  # fmt: skip
