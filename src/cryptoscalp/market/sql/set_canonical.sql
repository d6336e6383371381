-- Changes which feed or quote source an instrument's candles and newest rows are made of, and makes
-- them again. NULL leaves the choice as it is. A feed is changed only while PostgreSQL holds all of the
-- instrument's trades, because each of its candles is made again; a quote source only while it holds the
-- newest quotes.
CREATE OR REPLACE FUNCTION set_canonical(p_exchange text, p_symbol text, p_feed trade_feed, p_source quote_source)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC'
AS $$
DECLARE
    span record;
    changed boolean;
BEGIN
    PERFORM pg_advisory_xact_lock(key)
    FROM (SELECT stream_lock(p_exchange, p_symbol, kind) AS key
          FROM (VALUES ('trades'), ('quotes')) AS kinds (kind) ORDER BY key) AS keys;
    SELECT canonical_feed IS DISTINCT FROM coalesce(p_feed, canonical_feed) INTO changed
    FROM instruments WHERE exchange = p_exchange AND symbol = p_symbol FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no instrument % on %', p_symbol, p_exchange USING ERRCODE = 'P0002';
    END IF;
    UPDATE instruments SET canonical_feed = coalesce(p_feed, canonical_feed),
                           quote_source = coalesce(p_source, quote_source)
    WHERE exchange = p_exchange AND symbol = p_symbol;
    IF p_source IS NOT NULL THEN
        DELETE FROM newest_quotes WHERE symbol = p_symbol AND exchange = p_exchange;
        PERFORM recompute_newest_quote(p_exchange, p_symbol);
    END IF;
    IF NOT changed THEN
        RETURN;
    END IF;
    PERFORM refuse_cold_trades(p_exchange, p_symbol);
    DELETE FROM newest_trades WHERE symbol = p_symbol AND exchange = p_exchange;
    SELECT min(timestamp) AS first, max(timestamp) AS last INTO span
    FROM market_data WHERE symbol = p_symbol AND exchange = p_exchange;
    IF span.first IS NOT NULL THEN
        PERFORM recompute_candles(p_exchange, p_symbol, span.first, span.last);
    END IF;
    PERFORM recompute_newest_trade(p_exchange, p_symbol);
    -- A day may have been sealed while its rows were read.
    PERFORM refuse_cold_trades(p_exchange, p_symbol);
END
$$;
