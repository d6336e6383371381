-- Makes an instrument's newest quote and last trade again from its ticks. The caller holds the
-- instrument's locks.
CREATE OR REPLACE FUNCTION recompute_newest(p_exchange text, p_symbol text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
    PERFORM FROM newest_quotes WHERE symbol = p_symbol AND exchange = p_exchange FOR UPDATE;
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

    PERFORM FROM newest_trades WHERE symbol = p_symbol AND exchange = p_exchange FOR UPDATE;
    DELETE FROM newest_trades WHERE symbol = p_symbol AND exchange = p_exchange;
    INSERT INTO newest_trades (symbol, exchange, timestamp, price, volume, side, sequence, received_at)
    SELECT t.symbol, t.exchange, t.timestamp, trim_scale(t.price), trim_scale(t.volume), t.side, t.sequence, t.received_at
    FROM market_data AS t
    WHERE t.symbol = p_symbol AND t.exchange = p_exchange
      AND t.feed = (SELECT canonical_feed FROM instruments
                    WHERE symbol = p_symbol AND exchange = p_exchange)
    ORDER BY t.timestamp DESC, t.sequence DESC LIMIT 1;
END
$$;
