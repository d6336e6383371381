"""How far performance is reckoned, what has changed since, and what it depends on."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    PrimaryKeyConstraint,
    Table,
    text,
)

from cryptoscalp.analytics.tables.columns import metadata, performance_step
from cryptoscalp.market.tables import instruments
from cryptoscalp.market.tables.columns import exchange, exchange_type, moment, symbol, symbol_type
from cryptoscalp.registry.tables.columns import document, key, reference, refers
from cryptoscalp.trading.tables import portfolios

performance_progress = Table(
    "performance_progress",
    metadata,
    reference("portfolio_id", "portfolio whose performance it is"),
    Column("step", performance_step, nullable=False, comment="length of the buckets"),
    moment("began", "time of the first movement of its cash or positions"),
    moment("through", "end of the last bucket that was folded"),
    document("holding", "cash and positions at `through`, exactly, and what prices it needs",
             nullable=False),
    Column("trade_floor", BigInteger, comment="no trade before this id is new to this step"),
    Column("entry_floor", BigInteger, comment="no cash entry before this id is new to this step"),
    moment("pending_until", "time of the latest of those", nullable=True),
    moment("dirty_since", "history at and after it changed before `through`", nullable=True),
    PrimaryKeyConstraint("portfolio_id", "step"),
    refers("portfolio_id", portfolios.c.portfolio_id),
    comment="How far the performance of each portfolio is reckoned, by length of bucket.",
    postgresql_with={"fillfactor": 50},
)  # fmt: skip

performance_instruments = Table(
    "performance_instruments",
    metadata,
    symbol(),
    exchange(),
    reference("portfolio_id", "portfolio that was valued with its prices"),
    PrimaryKeyConstraint("symbol", "exchange", "portfolio_id"),
    ForeignKeyConstraint(["symbol", "exchange"], [instruments.c.symbol, instruments.c.exchange],
                         ondelete="RESTRICT"),
    refers("portfolio_id", portfolios.c.portfolio_id),
    comment="Whose performance a late price changes.",
)  # fmt: skip

performance_changes = Table(
    "performance_changes",
    metadata,
    key("change_id", "its number"),
    reference("portfolio_id", "portfolio that a trade or cash was booked in", nullable=True),
    Column("symbol", symbol_type, comment="or the symbol whose candles changed afterwards"),
    Column("exchange", exchange_type, comment="and its exchange"),
    moment("since", "what was so from when on"),
    moment("until", "time of the latest of it"),
    Column("trade_floor", BigInteger, comment="lowest trade id, for trades"),
    Column("entry_floor", BigInteger, comment="lowest entry id, for cash without a trade"),
    Column("order_floor", BigInteger, comment="lowest id of a trade that fills a known order"),
    Column("transaction", BigInteger, nullable=False,
           server_default=text("((pg_current_xact_id())::text)::bigint"),
           comment="transaction that changed it"),
    refers("portfolio_id", portfolios.c.portfolio_id),
    CheckConstraint("(portfolio_id IS NULL) = (symbol IS NOT NULL)"
                    " AND (symbol IS NULL) = (exchange IS NULL)", name="chk_performance_change"),
    Index("performance_changes_portfolio_idx", "portfolio_id",
          postgresql_where=text("portfolio_id IS NOT NULL")),
    Index("performance_changes_symbol_idx", "symbol", "exchange", "transaction",
          postgresql_where=text("symbol IS NOT NULL")),
    comment="What was booked, or became known late, since the last refresh; written by triggers,"
    " deleted once it is taken in.",
)  # fmt: skip
