-- trading_grants
-- What the product's login may do with the books: read them, call the functions that keep every sum, mark
-- positions and set their stops. Nothing else writes a row.
DO $$
DECLARE
    ours text;
BEGIN
    FOR ours IN SELECT oid::regprocedure FROM pg_proc
                WHERE pronamespace = 'public'::regnamespace AND proowner = current_user::regrole
    LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', ours);
    END LOOP;
END
$$;
GRANT SELECT ON portfolios, strategies, strategy_symbols, orders, order_events, positions, trades, cash_ledger,
    cash_balances, funding_payments, active_portfolio, position_exposure, exposure_by_symbol, exposure_by_exchange,
    exposure_by_strategy, open_risk, daily_pnl, daily_unrealized_pnl
    TO cryptoscalp_app, cryptoscalp_capture;
GRANT INSERT (name, base_currency, position_mode, leverage), UPDATE (name, leverage, closed_at) ON portfolios
    TO cryptoscalp_app;
GRANT INSERT (name, description), UPDATE (name, description, retired_at) ON strategies TO cryptoscalp_app;
GRANT INSERT (strategy_id, symbol, exchange), DELETE ON strategy_symbols TO cryptoscalp_app;
GRANT UPDATE (current_price, marked_at, stop_loss, take_profit) ON positions TO cryptoscalp_app;
GRANT EXECUTE ON FUNCTION
    half_even(numeric, numeric), position_value(boolean, numeric, numeric, numeric),
    unrealized_pnl(position_side, boolean, numeric, numeric, numeric, numeric),
    price_at(text, text, timestamptz, price_kind, position_side, interval),
    market_rate(text, text, timestamptz, text), conversion(text, text, timestamptz, text, jsonb, text),
    position_states(bigint, timestamptz), check_books(text),
    record_fill(text, text, text, text, timestamptz, trade_side, numeric, numeric, numeric, text, liquidity, text,
                position_side, boolean, text, text, bigint, numeric, jsonb, trade_kind, text),
    reverse_trade(bigint, text, timestamptz, jsonb),
    record_transfer(text, cash_kind, text, numeric, text, timestamptz, jsonb, boolean, text),
    record_funding(text, text, text, timestamptz, numeric, numeric, numeric, text, text, position_side, jsonb),
    place_order(text, text, text, text, trade_side, order_type, numeric, numeric, numeric, time_in_force, text,
                position_side, boolean, bigint, timestamptz, timestamptz, timestamptz),
    record_order_event(text, text, text, order_event_kind, timestamptz, text)
    TO cryptoscalp_app;
