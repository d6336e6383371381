-- price_at
-- The price of an instrument as it was known at a moment, with its time; no row when none is known.
-- QUOTE: the side that would close a position, bid for LONG and ask for SHORT; MID: half way between bid
-- and ask; LAST: the last trade, from ticks, else from candles that had ended; MARK: the venue's mark
-- price. A price older than p_reach is not taken for one.
CREATE OR REPLACE FUNCTION price_at(p_symbol text, p_exchange text, p_at timestamptz, p_by price_kind,
                         p_side position_side DEFAULT NULL, p_reach interval DEFAULT '7 days')
RETURNS TABLE (price numeric, "timestamp" timestamptz)
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    since timestamptz := p_at - p_reach;
    bid   numeric;
    ask   numeric;
    seen  timestamptz;
BEGIN
    IF p_by = 'MARK' THEN
        RETURN QUERY SELECT m.mark_price::numeric, m.timestamp FROM mark_prices AS m
            WHERE m.symbol = p_symbol AND m.exchange = p_exchange AND m.timestamp <= p_at AND m.timestamp >= since
            ORDER BY m.timestamp DESC LIMIT 1;
        RETURN;
    END IF;
    IF p_by = 'LAST' THEN
        RETURN QUERY SELECT n.price, n.timestamp FROM newest_trades AS n
            WHERE n.symbol = p_symbol AND n.exchange = p_exchange AND n.timestamp <= p_at AND n.timestamp >= since;
        IF FOUND THEN
            RETURN;
        END IF;
        RETURN QUERY SELECT known.price, known.timestamp FROM (
            (SELECT d.price::numeric AS price, d.timestamp FROM market_data AS d
             JOIN instruments AS i ON i.symbol = p_symbol AND i.exchange = p_exchange
             WHERE d.symbol = p_symbol AND d.exchange = p_exchange AND d.feed = i.canonical_feed
               AND d.timestamp <= p_at AND d.timestamp >= since
             ORDER BY d.timestamp DESC, d.sequence DESC LIMIT 1)
            UNION ALL
            (SELECT ended.close::numeric, ended.ended_at
             FROM unnest(enum_range(NULL::candle_interval)) AS length
             CROSS JOIN LATERAL (
                 SELECT c.close, c.timestamp + length::text::interval AS ended_at FROM candles AS c
                 WHERE c.symbol = p_symbol AND c.exchange = p_exchange AND c.interval = length
                   AND c.timestamp <= p_at - length::text::interval AND c.timestamp >= since
                 ORDER BY c.timestamp DESC, c.source LIMIT 1) AS ended)) AS known
            ORDER BY known.timestamp DESC LIMIT 1;
        RETURN;
    END IF;
    SELECT n.bid_price, n.ask_price, n.timestamp INTO bid, ask, seen FROM newest_quotes AS n
        WHERE n.symbol = p_symbol AND n.exchange = p_exchange AND n.timestamp <= p_at AND n.timestamp >= since;
    IF NOT FOUND THEN
        SELECT b.bid_price, b.ask_price, b.timestamp INTO bid, ask, seen FROM order_book_l1 AS b
            JOIN instruments AS i ON i.symbol = p_symbol AND i.exchange = p_exchange
            WHERE b.symbol = p_symbol AND b.exchange = p_exchange AND b.source = i.quote_source
              AND b.timestamp <= p_at AND b.timestamp >= since
            ORDER BY b.timestamp DESC, b.sequence DESC LIMIT 1;
    END IF;
    IF bid IS NOT NULL THEN
        RETURN QUERY SELECT CASE WHEN p_by = 'MID' OR p_side IS NULL THEN half_even(bid + ask, 2)
                                 WHEN p_side = 'LONG' THEN bid ELSE ask END, seen;
    END IF;
END
$$;
