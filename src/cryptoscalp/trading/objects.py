"""The trading subject's functions, views, triggers and grants, in the order they are made."""

from __future__ import annotations

from importlib.resources import files

#: Names of files in `sql/`. Each revision that changes one freezes a copy of it.
SQL_OBJECTS = (
    "half_even",
    "position_value",
    "unrealized_pnl",
    "update_position_pnl",
    "keep_open_quantity",
    "check_position_change",
    "refuse_book_change",
    "refuse_book_entry",
    "keep_cash_balances",
    "keep_book_terms",
    "check_portfolio_close",
    "price_at",
    "market_rate",
    "conversion",
    "known_portfolio",
    "known_strategy",
    "book_terms",
    "check_fill",
    "booked_before",
    "fill_order",
    "check_effect",
    "reduce_position",
    "enter_position",
    "post_trade",
    "book_trade",
    "record_fill",
    "reversal_rates",
    "reverse_trade",
    "record_transfer",
    "record_funding",
    "place_order",
    "record_order_event",
    "position_states",
    "active_portfolio",
    "exposure_views",
    "open_risk",
    "daily_pnl",
    "check_books",
    "trading_triggers",
    "trading_grants",
)


def sql_text(name: str) -> str:
    """The text of one live SQL object."""
    return files("cryptoscalp.trading").joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
