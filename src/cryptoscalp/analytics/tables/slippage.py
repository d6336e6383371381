"""What fills cost against the quotes in force when they were decided."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Index, PrimaryKeyConstraint, Table, text

from cryptoscalp.analytics.tables.columns import metadata, money
from cryptoscalp.market.tables.columns import moment, price
from cryptoscalp.registry.tables.columns import reference, refers
from cryptoscalp.trading.tables import orders, portfolios, trades

fill_slippage = Table(
    "fill_slippage",
    metadata,
    reference("trade_id", "the fill"),
    reference("portfolio_id", "its portfolio"),
    reference("order_id", "the order whose decision counts"),
    moment("decided_at", "when it was decided, by order_events"),
    moment("quoted_at", "time of the quote in force then; NULL when none is known", nullable=True),
    price("quoted", "ask for a BUY, bid for a SELL", nullable=True),
    money("slippage", "lost (above zero) or gained against it, base currency", nullable=True),
    money("notional", "notional of the fill, base currency", nullable=True),
    moment("measured_at", "when it was measured", server_default=text("now()")),
    PrimaryKeyConstraint("trade_id"),
    refers("trade_id", trades.c.trade_id),
    refers("portfolio_id", portfolios.c.portfolio_id),
    refers("order_id", orders.c.order_id),
    CheckConstraint("(quoted IS NULL) = (slippage IS NULL)"
                    " AND (quoted IS NULL) = (notional IS NULL)"
                    " AND (quoted IS NULL) = (quoted_at IS NULL)", name="chk_fill_slippage"),
    Index("fill_slippage_portfolio_id_idx", "portfolio_id", "trade_id"),
    comment="Slippage of each fill of a known order, measured once, append-only: quotes that come"
    " later change nothing.",
)  # fmt: skip
