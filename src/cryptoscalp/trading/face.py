"""`db.trading`: the books of positions, trades, orders and cash."""

from __future__ import annotations

from cryptoscalp.infra.db.face import D_co, Face, operation
from cryptoscalp.trading.cash import (
    adjust_cash,
    balances,
    cash_ledger,
    deposit,
    funding_payments,
    record_funding,
    withdraw,
)
from cryptoscalp.trading.closing import close_position
from cryptoscalp.trading.exporting import export_fills
from cryptoscalp.trading.grid import equity_grid
from cryptoscalp.trading.importing import import_fills
from cryptoscalp.trading.orders import (
    acknowledge_order,
    cancel_order,
    order_events,
    orders,
    place_order,
    reject_order,
    send_order,
)
from cryptoscalp.trading.portfolios import (
    close_portfolio,
    create_portfolio,
    create_strategy,
    portfolio,
    portfolios,
    retire_strategy,
    strategies,
)
from cryptoscalp.trading.positions import (
    breached,
    mark,
    mark_position,
    position,
    positions,
    set_stop_loss,
    set_stops,
    set_take_profit,
)
from cryptoscalp.trading.reconcile import reconcile_fills
from cryptoscalp.trading.reconcile_balances import reconcile_balances
from cryptoscalp.trading.reports import (
    check_books,
    count_books,
    exposure,
    lots,
    open_risk,
    pnl_by_day,
)
from cryptoscalp.trading.trades import record_fill, record_fills, reverse_trade, trades
from cryptoscalp.trading.valuation import equity_curve, value


class Trading(Face[D_co]):
    """Portfolios, orders, fills, positions, cash, P&L; every change is safe to repeat."""

    __slots__ = ()

    create_portfolio = operation(create_portfolio, transaction=True, retry=True)
    portfolio = operation(portfolio, retry=True)
    portfolios = operation(portfolios, retry=True)
    close_portfolio = operation(close_portfolio, transaction=True, retry=True)
    create_strategy = operation(create_strategy, transaction=True, retry=True)
    strategies = operation(strategies, retry=True)
    retire_strategy = operation(retire_strategy, transaction=True, retry=True)

    deposit = operation(deposit, retry=True)
    withdraw = operation(withdraw, retry=True)
    adjust_cash = operation(adjust_cash, retry=True)
    cash_ledger = operation(cash_ledger, retry=True)
    balances = operation(balances, retry=True)
    record_funding = operation(record_funding, retry=True)
    funding_payments = operation(funding_payments, retry=True)

    place_order = operation(place_order, retry=True)
    send_order = operation(send_order, retry=True)
    acknowledge_order = operation(acknowledge_order, retry=True)
    cancel_order = operation(cancel_order, retry=True)
    reject_order = operation(reject_order, retry=True)
    orders = operation(orders, retry=True)
    order_events = operation(order_events, retry=True)

    record_fill = operation(record_fill, retry=True)
    record_fills = operation(record_fills, transaction=True, retry=True)
    reverse_trade = operation(reverse_trade, retry=True)
    trades = operation(trades, retry=True)
    import_fills = operation(import_fills, retry=False)
    export_fills = operation(export_fills, retry=True)
    reconcile_fills = operation(reconcile_fills, retry=False)
    reconcile_balances = operation(reconcile_balances, retry=False)

    positions = operation(positions, retry=True)
    position = operation(position, retry=True)
    mark = operation(mark, retry=True)
    mark_position = operation(mark_position, retry=True)
    set_stop_loss = operation(set_stop_loss, transaction=True, retry=True)
    set_stops = operation(set_stops, transaction=True, retry=True)
    set_take_profit = operation(set_take_profit, transaction=True, retry=True)
    breached = operation(breached, retry=True)
    close_position = operation(close_position, transaction=True, retry=False)

    value = operation(value, transaction=True, retry=True)
    equity_curve = operation(equity_curve, transaction=True, retry=True)
    equity_grid = operation(equity_grid, transaction=True, retry=True)
    pnl_by_day = operation(pnl_by_day, retry=True)
    exposure = operation(exposure, retry=True)
    open_risk = operation(open_risk, retry=True)
    lots = operation(lots, retry=True)
    count_books = operation(count_books, retry=True)
    check_books = operation(check_books, retry=True)
