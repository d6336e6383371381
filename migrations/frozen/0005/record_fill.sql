-- record_fill
-- Books one fill: the position it reduces, closes or flips, the one it opens or increases, the trade, the
-- cash it moves, the order it fills. All or nothing; a fill that is booked already is returned again with
-- is_duplicate. Fills of one instrument in one portfolio are booked one after the other.
--
-- Amounts are rounded once, half-even to 18 decimals, where they come in: the notional, the worth of a
-- fee. What is split (a flip, a part of the cost basis) is split so that the parts add up.
CREATE OR REPLACE FUNCTION record_fill(
    p_portfolio text, p_symbol text, p_exchange text, p_exchange_trade_id text, p_timestamp timestamptz,
    p_side trade_side, p_quantity numeric, p_price numeric, p_commission numeric DEFAULT 0,
    p_commission_currency text DEFAULT NULL, p_liquidity liquidity DEFAULT NULL, p_strategy text DEFAULT NULL,
    p_position_side position_side DEFAULT NULL, p_reduce_only boolean DEFAULT false,
    p_client_order_id text DEFAULT NULL, p_exchange_order_id text DEFAULT NULL, p_model_id bigint DEFAULT NULL,
    p_leverage numeric DEFAULT NULL, p_rates jsonb DEFAULT NULL, p_kind trade_kind DEFAULT 'FILL',
    p_note text DEFAULT NULL, OUT is_duplicate boolean, OUT booked trades)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    account   portfolios := known_portfolio(p_portfolio);
    strategy  bigint := known_strategy(p_strategy);
    terms     record;
    reduces   boolean := p_reduce_only;
    earlier   record;
BEGIN
    IF p_kind = 'REVERSAL' THEN
        RAISE EXCEPTION 'a reversal is booked by reverse_trade()' USING ERRCODE = 'CS010';
    END IF;
    PERFORM check_fill(p_exchange_trade_id, p_timestamp, p_quantity, p_price, p_commission, p_commission_currency,
                       p_leverage);
    terms := book_terms(p_symbol, p_exchange);
    PERFORM pg_advisory_xact_lock(hashtextextended(p_symbol || '@' || p_exchange, account.portfolio_id));
    earlier := booked_before(account.portfolio_id, p_exchange, p_symbol, p_exchange_trade_id, p_timestamp, p_side,
                             p_quantity, p_price, p_commission, p_commission_currency, p_kind, strategy,
                             p_position_side, p_liquidity, p_client_order_id);
    booked := earlier.booked;
    is_duplicate := booked.trade_id IS NOT NULL;
    IF is_duplicate THEN
        RETURN;
    END IF;
    booked.timestamp := p_timestamp;
    booked.symbol := p_symbol;
    booked.exchange := p_exchange;
    booked.side := p_side;
    booked.quantity := p_quantity;
    booked.price := p_price;
    booked.commission := p_commission;
    booked.commission_currency := CASE WHEN p_commission <> 0 THEN p_commission_currency END;
    booked.portfolio_id := account.portfolio_id;
    booked.strategy_id := strategy;
    booked.kind := p_kind;
    booked.exchange_trade_id := p_exchange_trade_id;
    booked.revision := earlier.p_revision;
    booked.exchange_order_id := p_exchange_order_id;
    booked.liquidity := p_liquidity;
    booked.model_id := p_model_id;
    booked.note := p_note;
    booked.order_id := fill_order(account.portfolio_id, p_exchange, p_symbol, p_side, p_quantity,
                                  p_client_order_id, p_exchange_order_id);
    IF booked.order_id IS NOT NULL AND NOT reduces THEN
        SELECT o.reduce_only INTO reduces FROM orders AS o WHERE o.order_id = booked.order_id;
    END IF;
    booked := book_trade(booked, account, terms, p_position_side, reduces,
                         coalesce(p_leverage, account.leverage), p_rates);
END
$$;
