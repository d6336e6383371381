-- Makes each given trade the last one of its instrument unless a later one is held.
CREATE OR REPLACE FUNCTION merge_newest_trades(p_rows market_data[]) RETURNS void
LANGUAGE sql SET search_path = public, pg_temp
BEGIN ATOMIC
    INSERT INTO newest_trades AS held (symbol, exchange, timestamp, price, volume, side, sequence,
                                       received_at)
    SELECT symbol, exchange, timestamp, trim_scale(price), trim_scale(volume), side, sequence, received_at
    FROM unnest(p_rows) AS newest
    ORDER BY symbol, exchange
    ON CONFLICT (symbol, exchange) DO UPDATE SET
        timestamp = excluded.timestamp, price = excluded.price, volume = excluded.volume,
        side = excluded.side, sequence = excluded.sequence, received_at = excluded.received_at
    WHERE (excluded.timestamp, excluded.sequence) > (held.timestamp, held.sequence);
END;
