-- Makes an instrument's newest quote again from its ticks. One that lies in the cold tier is still the
-- newest: nothing is taken away there. The caller holds the instrument's lock.
CREATE OR REPLACE FUNCTION recompute_newest_quote(p_exchange text, p_symbol text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC'
AS $$
DECLARE
    held timestamptz;
    cold cold_parts;
BEGIN
    SELECT timestamp INTO held FROM newest_quotes
    WHERE symbol = p_symbol AND exchange = p_exchange FOR UPDATE;
    IF lies_cold('order_book_l1', p_exchange, p_symbol, held) THEN
        RETURN;
    END IF;
    DELETE FROM newest_quotes WHERE symbol = p_symbol AND exchange = p_exchange;
    INSERT INTO newest_quotes (symbol, exchange, timestamp, bid_price, bid_volume, ask_price, ask_volume,
                               sequence, received_at)
    SELECT q.symbol, q.exchange, q.timestamp, trim_scale(q.bid_price), trim_scale(q.bid_volume),
           trim_scale(q.ask_price), trim_scale(q.ask_volume), q.sequence, q.received_at
    FROM order_book_l1 AS q
    WHERE q.symbol = p_symbol AND q.exchange = p_exchange
      AND q.source = (SELECT quote_source FROM instruments
                      WHERE symbol = p_symbol AND exchange = p_exchange)
    ORDER BY q.timestamp DESC, q.sequence DESC LIMIT 1;
    SELECT timestamp INTO held FROM newest_quotes WHERE symbol = p_symbol AND exchange = p_exchange;
    SELECT * INTO cold FROM newer_cold_part('order_book_l1', p_exchange, p_symbol, held);
    IF FOUND THEN
        PERFORM refuse_cold('order_book_l1', p_exchange, p_symbol, cold.day, cold.day);
    END IF;
END
$$;
