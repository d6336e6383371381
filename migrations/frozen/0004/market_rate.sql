-- market_rate
-- Units of p_to for a unit of p_from at a moment, from the spot instrument of the two, either way round:
-- one of p_exchange first, then the one whose price is the newest. No row when none is known.
CREATE OR REPLACE FUNCTION market_rate(p_from text, p_to text, p_at timestamptz, p_exchange text)
RETURNS TABLE (rate numeric, path text)
LANGUAGE sql STABLE SET search_path = public, pg_temp
BEGIN ATOMIC
    SELECT CASE WHEN i.base = p_from THEN known.price ELSE half_even(1, known.price) END,
           format('%s>%s %s:%s@%s', p_from, p_to, i.exchange, i.symbol,
                  to_char(known.timestamp AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))
    FROM instruments AS i
    CROSS JOIN LATERAL (
        (SELECT price, timestamp FROM price_at(i.symbol, i.exchange, p_at, 'LAST'))
        UNION ALL
        (SELECT price, timestamp FROM price_at(i.symbol, i.exchange, p_at, 'MID'))
        ORDER BY timestamp DESC LIMIT 1) AS known
    WHERE (i.base = p_from AND i.quote = p_to OR i.base = p_to AND i.quote = p_from)
      AND i.settle IS NULL AND i.inverse IS NOT TRUE
    ORDER BY i.exchange = p_exchange DESC, known.timestamp DESC
    LIMIT 1;
END;
