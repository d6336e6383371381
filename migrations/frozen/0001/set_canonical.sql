-- Changes which feed or quote source an instrument's candles and newest rows are made of, and makes
-- them again. NULL leaves the choice as it is.
CREATE OR REPLACE FUNCTION set_canonical(p_exchange text, p_symbol text, p_feed trade_feed, p_source quote_source)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC'
AS $$
DECLARE
    span record;
BEGIN
    PERFORM pg_advisory_xact_lock(key)
    FROM (SELECT stream_lock(p_exchange, p_symbol, kind) AS key
          FROM (VALUES ('trades'), ('quotes')) AS kinds (kind) ORDER BY key) AS keys;
    UPDATE instruments SET canonical_feed = coalesce(p_feed, canonical_feed),
                           quote_source = coalesce(p_source, quote_source)
    WHERE exchange = p_exchange AND symbol = p_symbol;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no instrument % on %', p_symbol, p_exchange USING ERRCODE = 'P0002';
    END IF;
    SELECT min(timestamp) AS first, max(timestamp) AS last INTO span
    FROM market_data WHERE symbol = p_symbol AND exchange = p_exchange;
    IF span.first IS NOT NULL THEN
        PERFORM recompute_candles(p_exchange, p_symbol, span.first, span.last);
    END IF;
    PERFORM recompute_newest(p_exchange, p_symbol);
END
$$;
