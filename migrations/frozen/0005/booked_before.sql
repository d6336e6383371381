-- booked_before
-- The fill that is booked under a venue's id with the same content; NULL when the id is new. CS010 names
-- what differs when the id is booked with another content. Times within a second are the same: exports
-- write them to the second, streams to the microsecond. What the one who comes again does not say (strategy,
-- position side, liquidity, order), as a venue's export does not, is no difference. An ADJUSTMENT may replace what was reversed:
-- then p_revision counts on.
CREATE OR REPLACE FUNCTION booked_before(p_portfolio_id bigint, p_exchange text, p_symbol text, p_exchange_trade_id text,
                              p_timestamp timestamptz, p_side trade_side, p_quantity numeric,
                              p_price numeric, p_commission numeric, p_commission_currency text,
                              p_kind trade_kind, p_strategy_id bigint, p_position_side position_side,
                              p_liquidity liquidity, p_client_order_id text, OUT booked trades, OUT p_revision integer)
LANGUAGE plpgsql STABLE
AS $$
DECLARE
    one         trades;
    differences text;
    reversed    boolean := true;
BEGIN
    p_revision := 0;
    FOR one IN
        SELECT * FROM trades AS t
        WHERE t.portfolio_id = p_portfolio_id AND t.exchange = p_exchange AND t.symbol = p_symbol
          AND t.exchange_trade_id = p_exchange_trade_id AND t.side = p_side AND t.kind <> 'REVERSAL'
        ORDER BY t.revision
    LOOP
        differences := concat_ws(', ',
            CASE WHEN abs(extract(epoch FROM one.timestamp - p_timestamp)) >= 1
                 THEN format('timestamp %s is booked, %s came', one.timestamp, p_timestamp) END,
            CASE WHEN one.quantity <> p_quantity
                 THEN format('quantity %s is booked, %s came', trim_scale(one.quantity), trim_scale(p_quantity)) END,
            CASE WHEN one.price <> p_price
                 THEN format('price %s is booked, %s came', trim_scale(one.price), trim_scale(p_price)) END,
            CASE WHEN one.commission <> p_commission
                   OR (p_commission <> 0 AND one.commission_currency <> p_commission_currency)
                 THEN format('fee %s is booked, %s came', concat_ws(' ', trim_scale(one.commission), one.commission_currency),
                             concat_ws(' ', trim_scale(p_commission), p_commission_currency)) END,
            CASE WHEN p_strategy_id IS NOT NULL AND one.strategy_id IS DISTINCT FROM p_strategy_id
                 THEN format('strategy %s is booked, %s came', one.strategy_id, p_strategy_id) END,
            CASE WHEN p_position_side IS NOT NULL AND NOT EXISTS (
                     SELECT FROM positions AS p WHERE p.side = p_position_side
                     AND p.position_id IN (one.closes_position_id, one.opens_position_id))
                 THEN format('it is not booked for a %s position', p_position_side) END,
            CASE WHEN one.liquidity <> p_liquidity
                 THEN format('liquidity %s is booked, %s came', one.liquidity, p_liquidity) END,
            CASE WHEN p_client_order_id IS NOT NULL AND NOT EXISTS (
                     SELECT FROM orders AS o WHERE o.order_id = one.order_id
                     AND o.client_order_id = p_client_order_id)
                 THEN format('it is booked %s, %s came', coalesce('for order ' || quote_literal(
                                 (SELECT o.client_order_id FROM orders AS o WHERE o.order_id = one.order_id)),
                                 'without an order'), quote_literal(p_client_order_id)) END);
        reversed := EXISTS (SELECT FROM trades AS t WHERE t.reverses_trade_id = one.trade_id);
        -- What was reversed is known all the same, or a replay would book it again; but an ADJUSTMENT
        -- may bring it back.
        IF differences = '' AND NOT (p_kind = 'ADJUSTMENT' AND reversed) THEN
            booked := one;
            RETURN;
        END IF;
        p_revision := one.revision + 1;
    END LOOP;
    IF p_revision > 0 AND NOT (p_kind = 'ADJUSTMENT' AND reversed) THEN
        RAISE EXCEPTION 'fill % of % on % is booked with another content: %', p_exchange_trade_id, p_symbol,
                        p_exchange, differences
            USING ERRCODE = 'CS010',
                  HINT = 'Compare the books with the venue: cryptoscalp reconcile --fills FILE.';
    END IF;
END
$$;
