-- Merges computed candles of newly stored ticks into those that are there. Exact in any order of
-- arrival: ticks are only ever added, so high, low, volume and count combine, and open and close
-- belong to the earliest and the latest (time, sequence).
CREATE OR REPLACE FUNCTION merge_candles(p_added candles[]) RETURNS void
LANGUAGE sql SET search_path = public, pg_temp
BEGIN ATOMIC
    INSERT INTO candles AS held (timestamp, symbol, exchange, interval, source, open, high, low, close,
                                 volume, trade_count, open_at, open_sequence, close_at, close_sequence)
    SELECT timestamp, symbol, exchange, interval, 'computed', open, high, low, close,
           volume, trade_count, open_at, open_sequence, close_at, close_sequence
    FROM unnest(p_added) AS added
    ORDER BY symbol, exchange, interval, timestamp
    ON CONFLICT (symbol, exchange, interval, timestamp, source) DO UPDATE SET
        open = CASE WHEN (excluded.open_at, excluded.open_sequence) < (held.open_at, held.open_sequence)
                    THEN excluded.open ELSE held.open END,
        close = CASE WHEN (excluded.close_at, excluded.close_sequence) > (held.close_at, held.close_sequence)
                     THEN excluded.close ELSE held.close END,
        high = greatest(held.high, excluded.high),
        low = least(held.low, excluded.low),
        volume = held.volume + excluded.volume,
        trade_count = held.trade_count + excluded.trade_count,
        open_sequence = CASE WHEN (excluded.open_at, excluded.open_sequence) < (held.open_at, held.open_sequence)
                             THEN excluded.open_sequence ELSE held.open_sequence END,
        open_at = least(held.open_at, excluded.open_at),
        close_sequence = CASE WHEN (excluded.close_at, excluded.close_sequence) > (held.close_at, held.close_sequence)
                              THEN excluded.close_sequence ELSE held.close_sequence END,
        close_at = greatest(held.close_at, excluded.close_at);
END;
