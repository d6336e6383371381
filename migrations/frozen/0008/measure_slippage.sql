-- measure_slippage
-- Compares fills of known orders with the quote in force when the order was decided, at most a minute old:
-- the ask for a BUY, the bid for a SELL. Each fill is measured once; one whose quote is not known then stays
-- without. Fills until p_until, from trade p_floor on where one is given. Returns how many were measured.
CREATE OR REPLACE FUNCTION measure_slippage(p_portfolios bigint[], p_floor bigint, p_until timestamptz)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    measured bigint;
BEGIN
    INSERT INTO fill_slippage (trade_id, portfolio_id, order_id, decided_at, quoted_at, quoted, slippage, notional)
    SELECT t.trade_id, t.portfolio_id, t.order_id, e.timestamp, q.timestamp, q.price,
           half_even((CASE t.side WHEN 'BUY' THEN 1 ELSE -1 END) * t.base_rate
                     * CASE WHEN p.inverse
                            THEN half_even(t.quantity * p.contract_multiplier, q.price)
                                 - half_even(t.quantity * p.contract_multiplier, t.price)
                            ELSE (t.price - q.price) * t.quantity * p.contract_multiplier END),
           CASE WHEN q.price IS NOT NULL THEN half_even(t.notional * t.base_rate) END
    FROM trades AS t
    JOIN order_events AS e ON e.order_id = t.order_id AND e.event = 'DECIDED'
    JOIN positions AS p ON p.position_id = coalesce(t.closes_position_id, t.opens_position_id)
    JOIN instruments AS i ON i.symbol = t.symbol AND i.exchange = t.exchange
    LEFT JOIN LATERAL (
        SELECT b.timestamp, CASE t.side WHEN 'BUY' THEN b.ask_price ELSE b.bid_price END AS price
        FROM order_book_l1 AS b
        WHERE b.symbol = t.symbol AND b.exchange = t.exchange AND b.source = i.quote_source
          AND b.timestamp <= e.timestamp AND b.timestamp >= e.timestamp - interval '1 minute'
        ORDER BY b.timestamp DESC, b.sequence DESC LIMIT 1) AS q ON true
    WHERE t.portfolio_id = ANY (p_portfolios) AND t.trade_id >= coalesce(p_floor, 0) AND t.timestamp <= p_until
      AND t.kind <> 'REVERSAL'
      AND NOT EXISTS (SELECT FROM fill_slippage AS s WHERE s.trade_id = t.trade_id)
    ON CONFLICT (trade_id) DO NOTHING;
    GET DIAGNOSTICS measured = ROW_COUNT;
    RETURN measured;
END
$$;
