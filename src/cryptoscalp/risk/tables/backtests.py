"""Whether the recorded VaR held."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Index, Integer, Table, Text

from cryptoscalp.market.tables.columns import moment
from cryptoscalp.registry.tables.columns import (
    document,
    double,
    finite,
    key,
    recorded_at,
    refers,
)
from cryptoscalp.risk.tables.columns import metadata, method_columns
from cryptoscalp.trading.tables import portfolios
from cryptoscalp.trading.tables.columns import reference

_P_VALUES = ("kupiec_p", "independence_p", "conditional_p")

risk_backtests = Table(
    "risk_backtests",
    metadata,
    key("backtest_id", "its number"),
    reference("portfolio_id", "whose VaR was tested"),
    *method_columns(),
    moment("start_time", "rows of risk_metrics from here on were tested"),
    moment("end_time", "whose horizon had ended by then"),
    Column("pnl_kind", Text, nullable=False, server_default="HYPOTHETICAL",
           comment="HYPOTHETICAL: what the positions of the row would have come to, unchanged"),
    Column("observations", Integer, nullable=False, comment="rows compared, horizons apart"),
    Column("exceptions", Integer, nullable=False, comment="losses above the VaR"),
    double("expected", "exceptions that the confidence allows for"),
    Column("skipped", Integer, nullable=False, comment="rows without a VaR or a later price"),
    Column("transitions", Text, nullable=False,
           comment="neighbours without and with an exception: n00,n01,n10,n11"),
    double("kupiec", "likelihood ratio of the share of exceptions (Kupiec 1995)", nullable=True),
    double("kupiec_p", "its p-value, chi-square with 1 degree", nullable=True),
    double("independence", "likelihood ratio of independence (Christoffersen 1998)",
           nullable=True),
    double("independence_p", "its p-value, chi-square with 1 degree", nullable=True),
    double("conditional", "conditional coverage: the sum of both", nullable=True),
    double("conditional_p", "its p-value, chi-square with 2 degrees", nullable=True),
    document("reasons", "why a figure is NULL, what has to be known", nullable=False),
    recorded_at(),
    refers("portfolio_id", portfolios.c.portfolio_id),
    CheckConstraint("observations >= 0 AND exceptions >= 0 AND exceptions <= observations"
                    " AND skipped >= 0 AND expected >= 0 AND end_time > start_time"
                    " AND confidence > 0.5 AND confidence < 1 AND pnl_kind = 'HYPOTHETICAL'"
                    " AND jsonb_typeof(reasons) = 'array'", name="chk_backtest"),
    CheckConstraint(finite("kupiec", "independence", "conditional") + " AND "
                    + " AND ".join(f"({one} IS NULL OR ({one} >= 0 AND {one} <= 1))"
                                   for one in _P_VALUES), name="chk_backtest_statistics"),
    Index("risk_backtests_portfolio_idx", "portfolio_id", "end_time"),
    comment="VaR rows against the P&L that followed, append-only.",
)  # fmt: skip
