-- Registers exchanges and instruments that are not known yet; the first feed seen is canonical.
CREATE OR REPLACE FUNCTION register_instruments(p_exchanges text[], p_symbols text[], p_feeds text[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
    INSERT INTO exchanges (exchange_id)
        SELECT DISTINCT e FROM unnest(p_exchanges) AS e ORDER BY e
        ON CONFLICT DO NOTHING;
    INSERT INTO instruments (exchange, symbol, canonical_feed)
        SELECT exchange, symbol, min(feed::trade_feed)
        FROM unnest(p_exchanges, p_symbols, p_feeds) AS given (exchange, symbol, feed)
        GROUP BY exchange, symbol ORDER BY exchange, symbol
        ON CONFLICT (symbol, exchange) DO UPDATE SET canonical_feed = excluded.canonical_feed
        WHERE instruments.canonical_feed IS NULL AND excluded.canonical_feed IS NOT NULL;
END;
