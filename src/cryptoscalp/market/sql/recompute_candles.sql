-- Makes the computed candles of an instrument between two moments again from its ticks. The caller
-- holds the instrument's trade lock.
CREATE OR REPLACE FUNCTION recompute_candles(p_exchange text, p_symbol text, p_first timestamptz, p_last timestamptz)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    first_bucket timestamptz := date_bin('1 minute', p_first, 'epoch');
    last_bucket timestamptz := date_bin('1 minute', p_last, 'epoch') + interval '1 minute';
BEGIN
    PERFORM FROM candles
    WHERE symbol = p_symbol AND exchange = p_exchange AND interval IN ('1s', '1m')
      AND timestamp >= first_bucket AND timestamp < last_bucket AND source = 'computed'
    ORDER BY interval, timestamp FOR UPDATE;
    DELETE FROM candles
    WHERE symbol = p_symbol AND exchange = p_exchange AND interval IN ('1s', '1m')
      AND timestamp >= first_bucket AND timestamp < last_bucket AND source = 'computed';
    INSERT INTO candles (timestamp, symbol, exchange, interval, source, open, high, low, close,
                         volume, trade_count, open_at, open_sequence, close_at, close_sequence)
    SELECT bucket, p_symbol, p_exchange, length, 'computed', prices[1], top, bottom, prices[n],
           total, n, times[1], sequences[1], times[n], sequences[n]
    FROM (SELECT length, date_bin(step, timestamp, 'epoch') AS bucket,
                 array_agg(price ORDER BY timestamp, sequence) AS prices,
                 array_agg(timestamp ORDER BY timestamp, sequence) AS times,
                 array_agg(sequence ORDER BY timestamp, sequence) AS sequences,
                 max(price) AS top, min(price) AS bottom, sum(volume) AS total, count(*) AS n
          FROM market_data AS t
          JOIN instruments AS i ON i.symbol = t.symbol AND i.exchange = t.exchange
                               AND i.canonical_feed = t.feed,
               (VALUES ('1s'::candle_interval, interval '1 second'),
                       ('1m', interval '1 minute')) AS kind (length, step)
          WHERE t.symbol = p_symbol AND t.exchange = p_exchange
            AND t.timestamp >= first_bucket AND t.timestamp < last_bucket
          GROUP BY length, bucket) AS made;
END
$$;
