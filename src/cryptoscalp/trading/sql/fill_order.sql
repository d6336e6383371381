-- fill_order
-- The order that a fill belongs to, by the caller's id or the venue's, with the fill added to it; NULL
-- when the books know of no such order. A fill that is reported after the order was cancelled counts.
CREATE OR REPLACE FUNCTION fill_order(p_portfolio_id bigint, p_exchange text, p_symbol text, p_side trade_side,
                           p_quantity numeric, p_client_order_id text, p_exchange_order_id text)
RETURNS bigint
LANGUAGE plpgsql
AS $$
DECLARE
    found_one orders;
BEGIN
    IF p_client_order_id IS NOT NULL THEN
        SELECT * INTO found_one FROM orders AS o
        WHERE o.portfolio_id = p_portfolio_id AND o.exchange = p_exchange AND o.client_order_id = p_client_order_id
        FOR UPDATE;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'there is no order % on %', quote_literal(p_client_order_id), p_exchange
                USING ERRCODE = 'CS011', HINT = 'Place it first, or book the fill without client_order_id.';
        END IF;
    ELSIF p_exchange_order_id IS NOT NULL THEN
        SELECT * INTO found_one FROM orders AS o
        WHERE o.portfolio_id = p_portfolio_id AND o.exchange = p_exchange AND o.symbol = p_symbol
          AND o.exchange_order_id = p_exchange_order_id
        FOR UPDATE;
    END IF;
    IF found_one.order_id IS NULL THEN
        RETURN NULL;
    END IF;
    IF (found_one.symbol, found_one.side) IS DISTINCT FROM (p_symbol::symbol, p_side) THEN
        RAISE EXCEPTION 'side mismatch: order % is to % %, the fill is a % of %', found_one.order_id,
                        found_one.side, found_one.symbol, p_side, p_symbol USING ERRCODE = 'CS010';
    ELSIF found_one.exchange_order_id <> p_exchange_order_id THEN
        RAISE EXCEPTION 'order % is known to the venue as %, the fill is of %', quote_literal(found_one.client_order_id),
                        found_one.exchange_order_id, p_exchange_order_id USING ERRCODE = 'CS010';
    ELSIF found_one.status = 'REJECTED' THEN
        RAISE EXCEPTION 'order % was rejected and cannot be filled', found_one.order_id USING ERRCODE = 'CS010';
    ELSIF found_one.filled_quantity + p_quantity > found_one.quantity THEN
        RAISE EXCEPTION 'order % is for %, % of it is filled: % more is too much', found_one.order_id,
                        trim_scale(found_one.quantity), trim_scale(found_one.filled_quantity),
                        trim_scale(p_quantity) USING ERRCODE = 'CS010';
    END IF;
    UPDATE orders AS o
    SET filled_quantity = o.filled_quantity + p_quantity,
        status = CASE WHEN o.filled_quantity + p_quantity = o.quantity THEN 'FILLED'::order_status
                      WHEN o.status = 'CANCELLED' THEN o.status
                      ELSE 'PARTIALLY_FILLED'::order_status END
    WHERE o.order_id = found_one.order_id;
    RETURN found_one.order_id;
END
$$;
