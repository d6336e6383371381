-- place_order
-- Books an order that was decided, and sent where p_sent_at says so. The same client_order_id with the
-- same content is returned again; with another content it is refused (CS010).
CREATE OR REPLACE FUNCTION place_order(
    p_portfolio text, p_symbol text, p_exchange text, p_client_order_id text, p_side trade_side,
    p_order_type order_type, p_quantity numeric, p_price numeric, p_stop_price numeric,
    p_time_in_force time_in_force, p_strategy text, p_position_side position_side, p_reduce_only boolean,
    p_model_id bigint, p_prediction_timestamp timestamptz, p_decided_at timestamptz, p_sent_at timestamptz,
    OUT is_duplicate boolean, OUT placed orders)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    account  portfolios := known_portfolio(p_portfolio);
    strategy bigint := known_strategy(p_strategy);
    wrong    text := CASE
        WHEN coalesce(p_client_order_id, '') = '' THEN 'it has no client_order_id'
        WHEN p_quantity IS NULL OR NOT (p_quantity > 0 AND p_quantity < 1e20) THEN
            format('quantity %s must be above zero', p_quantity)
        WHEN p_price IS NOT NULL AND NOT (p_price > 0 AND p_price < 1e20) THEN
            format('price %s must be above zero', p_price)
        WHEN p_stop_price IS NOT NULL AND NOT (p_stop_price > 0 AND p_stop_price < 1e20) THEN
            format('stop price %s must be above zero', p_stop_price)
        WHEN (p_price IS NULL) <> (p_order_type IN ('MARKET', 'STOP_MARKET', 'TAKE_PROFIT_MARKET')) THEN
            format('a %s order has %s price', p_order_type, CASE WHEN p_price IS NULL THEN 'a' ELSE 'no' END)
        WHEN (p_stop_price IS NULL) <> (p_order_type IN ('MARKET', 'LIMIT')) THEN
            format('a %s order has %s stop price', p_order_type, CASE WHEN p_stop_price IS NULL THEN 'a' ELSE 'no' END)
        WHEN scale(trim_scale(p_quantity)) > 18 OR scale(trim_scale(p_price)) > 18
             OR scale(trim_scale(p_stop_price)) > 18 THEN 'quantity or price has more than 18 decimals'
        WHEN account.position_mode = 'HEDGING' AND p_position_side IS NULL THEN
            'the portfolio is HEDGING, and it does not say LONG or SHORT'
        WHEN p_decided_at IS NULL OR p_decided_at < '2009-01-03 00:00:00+00'
             OR p_decided_at > clock_timestamp() + interval '10 minutes' THEN
            format('decided at %s, which is not between 2009-01-03 and now', p_decided_at)
        WHEN p_sent_at < p_decided_at THEN format('sent at %s, before it was decided', p_sent_at)
        END;
BEGIN
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'order % refused: %', quote_literal(coalesce(p_client_order_id, '')), wrong
            USING ERRCODE = 'CS010';
    END IF;
    PERFORM FROM instruments AS i WHERE i.symbol = p_symbol AND i.exchange = p_exchange;
    IF NOT FOUND THEN
        PERFORM book_terms(p_symbol, p_exchange);
    END IF;
    IF p_model_id IS NOT NULL THEN
        PERFORM FROM model_versions AS v WHERE v.model_id = p_model_id;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'there is no model version %', p_model_id
                USING ERRCODE = 'CS011', HINT = 'Register it first: cryptoscalp models register.';
        END IF;
    END IF;
    INSERT INTO orders AS o (timestamp, symbol, exchange, portfolio_id, strategy_id, client_order_id, side, position_side,
                             order_type, time_in_force, quantity, price, stop_price, reduce_only, status, model_id,
                             prediction_timestamp, updated_at)
    VALUES (p_decided_at, p_symbol, p_exchange, account.portfolio_id, strategy, p_client_order_id, p_side,
            p_position_side, p_order_type, p_time_in_force, p_quantity, p_price, p_stop_price, p_reduce_only,
            CASE WHEN p_sent_at IS NULL THEN 'DECIDED'::order_status ELSE 'SENT' END, p_model_id,
            p_prediction_timestamp, coalesce(p_sent_at, p_decided_at))
    ON CONFLICT (portfolio_id, exchange, client_order_id) DO NOTHING
    RETURNING o.* INTO placed;
    is_duplicate := NOT FOUND;
    IF is_duplicate THEN
        SELECT o.* INTO placed FROM orders AS o
        WHERE o.portfolio_id = account.portfolio_id AND o.exchange = p_exchange
          AND o.client_order_id = p_client_order_id;
        IF (placed.symbol::text, placed.side, placed.order_type, placed.quantity::numeric, placed.price::numeric,
            placed.stop_price::numeric, placed.strategy_id, placed.position_side, placed.reduce_only) IS DISTINCT FROM
           (p_symbol, p_side, p_order_type, p_quantity, p_price, p_stop_price, strategy, p_position_side,
            p_reduce_only) THEN
            RAISE EXCEPTION 'order % on % is booked with another content: % % % is booked', quote_literal(p_client_order_id),
                p_exchange, placed.side, trim_scale(placed.quantity), placed.symbol
                USING ERRCODE = 'CS010', HINT = 'Give every order a client_order_id of its own.';
        END IF;
        RETURN;
    END IF;
    INSERT INTO order_events (order_id, timestamp, event) VALUES (placed.order_id, p_decided_at, 'DECIDED');
    IF p_sent_at IS NOT NULL THEN
        INSERT INTO order_events (order_id, timestamp, event) VALUES (placed.order_id, p_sent_at, 'SENT');
    END IF;
END
$$;
