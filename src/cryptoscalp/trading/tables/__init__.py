"""The trading subject's tables, as SQLAlchemy Core metadata.

Read for their comments: each table and column says what it holds, in which unit.
"""

from cryptoscalp.trading.tables.cash import cash_balances, cash_ledger, funding_payments
from cryptoscalp.trading.tables.columns import metadata
from cryptoscalp.trading.tables.orders import order_events, orders
from cryptoscalp.trading.tables.portfolios import portfolios, strategies, strategy_symbols
from cryptoscalp.trading.tables.positions import positions
from cryptoscalp.trading.tables.trades import trades

__all__ = [
    "cash_balances",
    "cash_ledger",
    "funding_payments",
    "metadata",
    "order_events",
    "orders",
    "portfolios",
    "positions",
    "strategies",
    "strategy_symbols",
    "trades",
]
