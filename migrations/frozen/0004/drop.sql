-- Drops what this revision made.
DROP VIEW daily_pnl, daily_unrealized_pnl, open_risk, exposure_by_symbol, exposure_by_exchange, exposure_by_strategy,
    position_exposure, active_portfolio;
DROP FUNCTION check_books, record_order_event, place_order, record_funding, record_transfer, reverse_trade,
    reversal_rates, record_fill, book_trade, post_trade, enter_position, reduce_position, check_effect, fill_order,
    booked_before, check_fill, book_terms, known_strategy, known_portfolio, conversion, market_rate, price_at,
    position_states;
DROP TABLE order_events, cash_ledger, funding_payments, cash_balances, trades, orders, positions, strategy_symbols,
    strategies, portfolios;
DROP FUNCTION keep_cash_balances, refuse_book_entry, refuse_book_change, check_position_change, update_position_pnl,
    keep_open_quantity, unrealized_pnl, position_value, half_even;
DROP TYPE position_mode, position_side, position_status, liquidity, trade_kind, cash_kind, order_type, order_status,
    order_event_kind, time_in_force, price_kind;
DROP DOMAIN currency, amount;
