"""Portfolios, strategies, and which symbols a strategy trades."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Numeric, PrimaryKeyConstraint, Table, Text, text
from sqlalchemy import UniqueConstraint as Unique

from cryptoscalp.market.tables.columns import exchange, moment, symbol
from cryptoscalp.trading.tables.columns import (
    currency,
    key,
    metadata,
    of_instrument,
    position_mode,
    reference,
    refers,
)

portfolios = Table(
    "portfolios",
    metadata,
    key("portfolio_id", "its number"),
    Column("name", Text, nullable=False, comment="the caller's name for it"),
    currency("base_currency", "currency that it is valued in"),
    Column("position_mode", position_mode, nullable=False, server_default="NETTING",
           comment="NETTING: one position an instrument, which flips; HEDGING: one a side"),
    Column("leverage", Numeric, nullable=False, server_default="1",
           comment="of new positions: initial margin is notional / leverage"),
    moment("created_at", "when it was created", server_default=text("now()")),
    moment("closed_at", "when it was retired; NULL while it trades", nullable=True),
    Unique("name"),
    CheckConstraint("name <> ''", name="chk_portfolio_named"),
    CheckConstraint("leverage > 0 AND leverage < 'Infinity'", name="chk_portfolio_leverage"),
    CheckConstraint("closed_at IS NULL OR (closed_at >= created_at AND closed_at < 'infinity')",
                    name="chk_portfolio_closed"),
    comment="Accounts whose positions and cash are reckoned together.",
)  # fmt: skip

strategies = Table(
    "strategies",
    metadata,
    key("strategy_id", "its number"),
    Column("name", Text, nullable=False, comment="the caller's name for it"),
    Column("description", Text, comment="what it does"),
    moment("created_at", "when it was created", server_default=text("now()")),
    moment("retired_at", "when it stopped trading; NULL while it trades", nullable=True),
    Unique("name"),
    CheckConstraint("name <> ''", name="chk_strategy_named"),
    CheckConstraint(
        "retired_at IS NULL OR (retired_at >= created_at AND retired_at < 'infinity')",
        name="chk_strategy_retired",
    ),
    comment="What decides on orders; positions of two strategies are kept apart.",
)

strategy_symbols = Table(
    "strategy_symbols",
    metadata,
    reference("strategy_id", "strategy that trades it"),
    symbol(),
    exchange(),
    moment("added_at", "since when", server_default=text("now()")),
    PrimaryKeyConstraint("strategy_id", "symbol", "exchange"),
    refers("strategy_id", "strategies.strategy_id"),
    of_instrument(),
    comment="Which instruments a strategy trades, many to many.",
)
