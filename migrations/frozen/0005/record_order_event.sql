-- record_order_event
-- Books that an order was sent, acknowledged, cancelled or rejected. The same event again changes nothing;
-- one that cannot happen to an order in its state is refused (CS010). Fills are booked by record_fill().
CREATE OR REPLACE FUNCTION record_order_event(
    p_portfolio text, p_exchange text, p_client_order_id text, p_event order_event_kind, p_timestamp timestamptz,
    p_detail text DEFAULT NULL, OUT is_duplicate boolean, OUT changed orders)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    account portfolios := known_portfolio(p_portfolio);
BEGIN
    SELECT o.* INTO changed FROM orders AS o
    WHERE o.portfolio_id = account.portfolio_id AND o.exchange = p_exchange AND o.client_order_id = p_client_order_id
    FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no order % on % in portfolio %', quote_literal(p_client_order_id), p_exchange,
            quote_literal(p_portfolio) USING ERRCODE = 'CS011';
    END IF;
    IF p_event IN ('DECIDED', 'FILLED') THEN
        RAISE EXCEPTION '% is booked by %', p_event,
            CASE p_event WHEN 'FILLED' THEN 'record_fill()' ELSE 'place_order()' END USING ERRCODE = 'CS010';
    ELSIF p_timestamp IS NULL OR p_timestamp < changed.timestamp
          OR p_timestamp > clock_timestamp() + interval '10 minutes' THEN
        RAISE EXCEPTION 'order % was decided at %, it cannot be % at %', quote_literal(p_client_order_id),
            changed.timestamp, lower(p_event::text), p_timestamp USING ERRCODE = 'CS010';
    END IF;
    PERFORM FROM order_events AS e WHERE e.order_id = changed.order_id AND e.event = p_event;
    is_duplicate := FOUND;
    IF is_duplicate THEN
        IF p_event = 'ACKNOWLEDGED' AND changed.exchange_order_id IS DISTINCT FROM p_detail THEN
            RAISE EXCEPTION 'order % is known to the venue as %, not as %', quote_literal(p_client_order_id),
                changed.exchange_order_id, p_detail USING ERRCODE = 'CS010';
        END IF;
        RETURN;
    END IF;
    IF changed.status IN ('FILLED', 'CANCELLED', 'REJECTED')
       OR p_event = 'REJECTED' AND changed.filled_quantity > 0 THEN
        -- An acknowledgement may be overtaken by what follows it: only the venue's id is taken from it.
        IF p_event NOT IN ('SENT', 'ACKNOWLEDGED') OR changed.status = 'REJECTED' THEN
            RAISE EXCEPTION 'order % is %, it cannot be %', quote_literal(p_client_order_id), changed.status,
                lower(p_event::text) USING ERRCODE = 'CS010';
        END IF;
    END IF;
    IF p_event = 'ACKNOWLEDGED' AND p_detail IS NOT NULL THEN
        PERFORM FROM orders AS o
        WHERE o.portfolio_id = account.portfolio_id AND o.exchange = p_exchange AND o.symbol = changed.symbol
          AND o.exchange_order_id = p_detail AND o.order_id <> changed.order_id;
        IF FOUND THEN
            RAISE EXCEPTION 'another order of % on % is known to the venue as %', changed.symbol, p_exchange, p_detail
                USING ERRCODE = 'CS010';
        END IF;
    END IF;
    INSERT INTO order_events (order_id, timestamp, event, detail)
    VALUES (changed.order_id, p_timestamp, p_event, p_detail);
    UPDATE orders AS o
    SET updated_at = greatest(o.updated_at, p_timestamp),
        exchange_order_id = CASE WHEN p_event = 'ACKNOWLEDGED' THEN coalesce(p_detail, o.exchange_order_id)
                                 ELSE o.exchange_order_id END,
        status = CASE WHEN p_event IN ('CANCELLED', 'REJECTED') THEN p_event::text::order_status
                      WHEN p_event = 'SENT' AND o.status = 'DECIDED' THEN 'SENT'
                      WHEN p_event = 'ACKNOWLEDGED' AND o.status IN ('DECIDED', 'SENT') THEN 'ACKNOWLEDGED'
                      ELSE o.status END
    WHERE o.order_id = changed.order_id
    RETURNING o.* INTO changed;
END
$$;
