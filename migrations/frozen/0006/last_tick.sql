-- last_tick
-- The last trade, or half way between bid and ask of the last quote (MID), of a stream in [p_since, p_before),
-- with its time; no row when there is none.
CREATE OR REPLACE FUNCTION last_tick(p_symbol text, p_exchange text, p_price target_price, p_stream text,
                          p_since timestamptz, p_before timestamptz)
RETURNS TABLE (price numeric, "timestamp" timestamptz)
-- A plan of its own for each range: partitions are chosen when it is made, and no others are locked.
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp SET plan_cache_mode = force_custom_plan
AS $$
#variable_conflict use_column
BEGIN
    IF p_price = 'MID' THEN
        -- A product, not a quotient: it is exact.
        RETURN QUERY SELECT (b.bid_price + b.ask_price) * 0.5, b.timestamp FROM order_book_l1 AS b
            WHERE b.symbol = p_symbol AND b.exchange = p_exchange AND b.source = p_stream::quote_source
              AND b.timestamp < p_before AND b.timestamp >= p_since
            ORDER BY b.timestamp DESC, b.sequence DESC LIMIT 1;
    ELSE
        RETURN QUERY SELECT d.price::numeric, d.timestamp FROM market_data AS d
            WHERE d.symbol = p_symbol AND d.exchange = p_exchange AND d.feed = p_stream::trade_feed
              AND d.timestamp < p_before AND d.timestamp >= p_since
            ORDER BY d.timestamp DESC, d.sequence DESC LIMIT 1;
    END IF;
END
$$;
