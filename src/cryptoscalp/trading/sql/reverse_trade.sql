-- reverse_trade
-- Takes a trade back by a further one: the opposite side, the same size and price, the fee coming back.
-- Cash and inventory are then as without it; what it had realized, and what the position is worth, follow
-- the ordinary rules. A trade is reversed once: doing it again returns the reversal.
CREATE OR REPLACE FUNCTION reverse_trade(p_trade_id bigint, p_reason text, p_timestamp timestamptz DEFAULT now(),
                              p_rates jsonb DEFAULT NULL, OUT is_duplicate boolean, OUT booked trades)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    original trades;
    account  portfolios;
    terms    record;
    sided    position_side;
BEGIN
    SELECT * INTO original FROM trades AS t WHERE t.trade_id = p_trade_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no trade %', p_trade_id USING ERRCODE = 'CS011';
    ELSIF original.kind = 'REVERSAL' THEN
        RAISE EXCEPTION 'trade % is a reversal, and reversals stay', p_trade_id
            USING ERRCODE = 'CS010', HINT = 'Book the fill again by reconcile --fills FILE --apply.';
    ELSIF coalesce(p_reason, '') = '' THEN
        RAISE EXCEPTION 'say why trade % is taken back', p_trade_id USING ERRCODE = 'CS010';
    ELSIF p_timestamp < original.timestamp OR p_timestamp > clock_timestamp() + interval '10 minutes' THEN
        RAISE EXCEPTION 'trade % of % cannot be taken back at %', p_trade_id, original.timestamp, p_timestamp
            USING ERRCODE = 'CS010';
    END IF;
    SELECT * INTO account FROM portfolios AS f WHERE f.portfolio_id = original.portfolio_id;
    account := known_portfolio(account.name);
    terms := book_terms(original.symbol, original.exchange);
    PERFORM pg_advisory_xact_lock(hashtextextended(original.symbol || '@' || original.exchange, account.portfolio_id));
    SELECT t.* INTO booked FROM trades AS t WHERE t.reverses_trade_id = p_trade_id;
    is_duplicate := FOUND;
    IF is_duplicate THEN
        RETURN;
    END IF;
    IF account.position_mode = 'HEDGING' THEN
        SELECT p.side INTO sided FROM positions AS p
        WHERE p.position_id = coalesce(original.opens_position_id, original.closes_position_id);
    END IF;
    booked := original;
    booked.timestamp := p_timestamp;
    booked.side := CASE original.side WHEN 'BUY' THEN 'SELL'::trade_side ELSE 'BUY' END;
    booked.commission := -original.commission;
    booked.kind := 'REVERSAL';
    booked.exchange_trade_id := NULL;
    booked.revision := 0;
    booked.reverses_trade_id := p_trade_id;
    booked.note := p_reason;
    booked.closes_position_id := NULL;
    booked.opens_position_id := NULL;
    booked := book_trade(booked, account, terms, sided, false, account.leverage,
                         coalesce(p_rates, '{}') || reversal_rates(original));
    UPDATE orders AS o
    SET filled_quantity = o.filled_quantity - original.quantity,
        status = CASE WHEN o.status = 'CANCELLED' THEN o.status
                      WHEN o.filled_quantity = original.quantity THEN 'ACKNOWLEDGED'::order_status
                      ELSE 'PARTIALLY_FILLED'::order_status END
    WHERE o.order_id = original.order_id;
END
$$;
