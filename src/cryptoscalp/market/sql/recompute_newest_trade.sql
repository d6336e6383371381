-- Makes an instrument's last trade again from its ticks. One that lies in the cold tier is still the
-- newest: nothing is taken away there. The caller holds the instrument's lock.
CREATE OR REPLACE FUNCTION recompute_newest_trade(p_exchange text, p_symbol text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC'
AS $$
DECLARE
    held timestamptz;
    cold cold_parts;
BEGIN
    SELECT timestamp INTO held FROM newest_trades
    WHERE symbol = p_symbol AND exchange = p_exchange FOR UPDATE;
    IF lies_cold('market_data', p_exchange, p_symbol, held) THEN
        RETURN;
    END IF;
    DELETE FROM newest_trades WHERE symbol = p_symbol AND exchange = p_exchange;
    INSERT INTO newest_trades (symbol, exchange, timestamp, price, volume, side, sequence, received_at)
    SELECT t.symbol, t.exchange, t.timestamp, trim_scale(t.price), trim_scale(t.volume), t.side, t.sequence, t.received_at
    FROM market_data AS t
    WHERE t.symbol = p_symbol AND t.exchange = p_exchange
      AND t.feed = (SELECT canonical_feed FROM instruments
                    WHERE symbol = p_symbol AND exchange = p_exchange)
    ORDER BY t.timestamp DESC, t.sequence DESC LIMIT 1;
    SELECT timestamp INTO held FROM newest_trades WHERE symbol = p_symbol AND exchange = p_exchange;
    SELECT * INTO cold FROM newer_cold_part('market_data', p_exchange, p_symbol, held);
    IF FOUND THEN
        PERFORM refuse_cold('market_data', p_exchange, p_symbol, cold.day, cold.day);
    END IF;
END
$$;
