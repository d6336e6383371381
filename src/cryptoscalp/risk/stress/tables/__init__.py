"""The table of stress tests, as SQLAlchemy Core metadata.

Read for its comments: each column says what it holds, in which unit.
"""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Index, Integer, MetaData, String, Table, text
from sqlalchemy.dialects.postgresql import ENUM

from cryptoscalp.market.tables.columns import metadata as market_metadata
from cryptoscalp.market.tables.columns import moment
from cryptoscalp.registry.tables.columns import (
    document,
    double,
    finite,
    key,
    recorded_at,
    reference,
    refers,
    sha256,
)
from cryptoscalp.trading.tables import portfolios
from cryptoscalp.trading.tables.columns import amount, currency

__all__ = ["metadata", "stress_test_results"]

metadata = MetaData(naming_convention=market_metadata.naming_convention)

stress_kind = ENUM("HISTORICAL", "HYPOTHETICAL", name="stress_kind", metadata=metadata)

stress_test_results = Table(
    "stress_test_results",
    metadata,
    key("test_id", "its number"),
    moment("test_date", "as of when the book was read; the same for all scenarios of a run"),
    Column("scenario_name", String(100), nullable=False, comment="name of the scenario"),
    amount("portfolio_value", "equity before, in base_currency"),
    amount("loss_amount", "loss at the end of the scenario (a gain is below zero), in base_currency"
           " at its worth before"),
    double("loss_percentage", "loss_amount, per cent of portfolio_value; NULL where that is not"
           " above zero", nullable=True),
    Column("recovery_time_minutes", Integer,
           comment="until loss_amount is earned again at the mean hourly return before; NULL: see"
           " reasons"),
    document("risk_metrics", "worst minute, costs, liquidation distance, interval of the recovery",
             nullable=False),
    reference("portfolio_id", "portfolio that was stressed"),
    currency("base_currency", "currency of the amounts"),
    Column("kind", stress_kind, nullable=False, comment="replay of stored candles, or made up"),
    amount("worst_loss_amount", "greatest loss at any point of the path, zero at least"),
    document("scenario", "the scenario as it was declared, defaults among it", nullable=False),
    sha256("scenario_sha256", "of the scenario's text with sorted keys", nullable=False),
    document("positions", "each position's part in the loss", nullable=False),
    document("reasons", "why a figure is NULL or is to be read with care, by name",
             nullable=False, server_default=text("'{}'::jsonb")),
    moment("data_cut", "time of the oldest price that it rests on; NULL without positions",
           nullable=True),
    recorded_at(),
    refers("portfolio_id", portfolios.c.portfolio_id, "fk_stress_portfolio"),
    CheckConstraint(
        "scenario_name <> '' AND " + finite("loss_percentage")
        + " AND (loss_percentage IS NULL) = (portfolio_value <= 0)"
        " AND worst_loss_amount >= 0 AND worst_loss_amount >= loss_amount"
        " AND recovery_time_minutes >= 0 AND octet_length(scenario_sha256) = 32"
        " AND jsonb_typeof(positions) = 'array'",
        name="chk_stress_test"),
    Index("stress_test_results_portfolio_idx", "portfolio_id", "test_date"),
    Index("stress_test_results_once_idx", "portfolio_id", "scenario_name", "test_date",
          unique=True),
    Index("stress_test_results_scenario_idx", "scenario_name", "test_date"),
    comment="What portfolios would lose in declared scenarios (losses above zero), append-only.",
)  # fmt: skip
