"""Performance of portfolios, strategies and symbols: one row a calendar window."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Double,
    Index,
    Integer,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from cryptoscalp.analytics.tables.columns import (
    metadata,
    money,
    performance_period,
    performance_scope,
)
from cryptoscalp.market.tables.columns import exchange_type, moment, symbol_type
from cryptoscalp.registry.tables.columns import document, double, finite, reference, refers
from cryptoscalp.trading.tables import portfolios, strategies

_DOUBLES = (
    "total_return", "sharpe_ratio", "sharpe_low", "sharpe_high", "sortino_ratio", "calmar_ratio",
    "volatility", "max_drawdown", "win_rate", "profit_factor", "slippage_bps",
)  # fmt: skip

performance_analytics = Table(
    "performance_analytics",
    metadata,
    reference("portfolio_id", "portfolio whose capital it is"),
    Column("scope", performance_scope, nullable=False,
           comment="PORTFOLIO: all of it; STRATEGY, SYMBOL: what that one made of its capital"),
    reference("strategy_id", "strategy, where scope is STRATEGY", nullable=True),
    Column("symbol", symbol_type, comment="symbol, where scope is SYMBOL"),
    Column("exchange", exchange_type, comment="its exchange, where scope is SYMBOL"),
    Column("period", performance_period, nullable=False, comment="length of the window, in UTC"),
    moment("timestamp", "start of the window; 1970 for all"),
    moment("started_at", "start of the first bucket"),
    moment("through", "data cut: end of the last bucket, with all that happened until then"),
    double("total_return", "compounded; 0.01 is 1 %", nullable=True),
    double("sharpe_ratio", "annualized at 365 days, risk-free rate 0, ddof 1", nullable=True),
    double("sharpe_low", "lower end of its 95 % interval", nullable=True),
    double("sharpe_high", "upper end of its 95 % interval", nullable=True),
    double("sortino_ratio", "annualized at 365 days, target 0", nullable=True),
    double("calmar_ratio", "annualized compounded return / max_drawdown", nullable=True),
    double("volatility", "standard deviation of returns, annualized", nullable=True),
    double("max_drawdown", "greatest fall from a peak, as a fraction of it; 0 or more",
           nullable=True),
    double("win_rate", "wins / total_trades; trades of exactly zero are no wins", nullable=True),
    double("profit_factor", "gross_profit / gross_loss", nullable=True),
    Column("total_trades", BigInteger, nullable=False, server_default="0",
           comment="positions closed in the window, from entry to exit"),
    Column("wins", BigInteger, nullable=False, server_default="0",
           comment="of them above zero, after fees and funding"),
    Column("losses", BigInteger, nullable=False, server_default="0", comment="of them below zero"),
    money("avg_win", "gross_profit / wins, base currency", nullable=True),
    money("avg_loss", "gross_loss / losses, base currency; above zero", nullable=True),
    money("gross_profit", "sum of wins, base currency"),
    money("gross_loss", "sum of losses, base currency; 0 or more"),
    Column("fills", BigInteger, nullable=False, server_default="0", comment="fills in the window"),
    money("turnover", "notional of the fills, base currency"),
    money("fees", "paid (above zero) or received, base currency"),
    money("slippage", "lost (above zero) against the quotes at the decisions, base currency",
          nullable=True),
    double("slippage_bps", "slippage in basis points of slippage_notional", nullable=True),
    Column("slippage_fills", BigInteger, nullable=False, server_default="0",
           comment="fills whose quote at the decision is known"),
    money("slippage_notional", "their notional, base currency"),
    Column("returns", BigInteger, nullable=False, comment="returns of whole buckets: n"),
    Column("gaps", BigInteger, nullable=False,
           comment="buckets at whose start or end a price or a rate is missing"),
    document("lacking", "what is missing there, and until when it was last missing",
             nullable=False, server_default=text("'{}'::jsonb")),
    document("reasons", "why a measure is NULL, by its name", nullable=False,
             server_default=text("'{}'::jsonb")),
    Column("revision", Integer, nullable=False, server_default="0",
           comment="how often history before `through` changed and it was reckoned again"),
    moment("computed_at", "when it was last written", server_default=text("now()")),
    Column("method", Text, nullable=False, comment="name and version of the method"),
    Column("state", ARRAY(Double), nullable=False,
           comment="what the next bucket is folded into; analytics/fold.py has its layout"),
    refers("portfolio_id", portfolios.c.portfolio_id),
    refers("strategy_id", strategies.c.strategy_id),
    CheckConstraint("(scope = 'SYMBOL') = (symbol IS NOT NULL)"
                    " AND (symbol IS NULL) = (exchange IS NULL)"
                    " AND (scope = 'STRATEGY') = (strategy_id IS NOT NULL)",
                    name="chk_performance_scope"),
    CheckConstraint(finite(*_DOUBLES) + " AND max_drawdown >= 0 AND win_rate BETWEEN 0 AND 1"
                    " AND total_trades >= wins + losses AND wins >= 0 AND losses >= 0"
                    " AND gross_profit >= 0 AND gross_loss >= 0 AND turnover >= 0"
                    " AND returns >= 0 AND gaps >= 0 AND through >= started_at",
                    name="chk_performance_numbers"),
    Index("performance_analytics_key", "portfolio_id", "period", "timestamp", "scope",
          "strategy_id", "symbol", "exchange", unique=True, postgresql_nulls_not_distinct=True),
    comment="Performance by calendar window in UTC, kept up by record_performance(): the job"
    " refresh_performance folds each bucket once.",
    postgresql_with={"fillfactor": 70},
)  # fmt: skip
