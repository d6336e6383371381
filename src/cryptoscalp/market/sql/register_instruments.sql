-- Registers exchanges and instruments that are not known yet; the first feed seen is canonical.
CREATE OR REPLACE FUNCTION register_instruments(p_exchanges text[], p_symbols text[], p_feeds text[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
    INSERT INTO exchanges (exchange_id)
        SELECT DISTINCT e FROM unnest(p_exchanges) AS e ORDER BY e
        ON CONFLICT DO NOTHING;
    INSERT INTO instruments (exchange, symbol, canonical_feed)
        SELECT exchange, symbol, coalesce(min(feed), 'trade')::trade_feed
        FROM unnest(p_exchanges, p_symbols, p_feeds) AS given (exchange, symbol, feed)
        GROUP BY exchange, symbol ORDER BY exchange, symbol
        ON CONFLICT DO NOTHING;
END;
