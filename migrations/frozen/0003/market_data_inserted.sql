-- Keeps 1s and 1m candles and the last trade exact for every INSERT or COPY, in its transaction.
-- The product's writer, which merges them itself, declares its rows by minute beforehand; for it
-- (and only for a session that has taken the capture role) the declared counts are verified instead.
CREATE OR REPLACE FUNCTION market_data_inserted() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC'
AS $$
DECLARE
    declared text := nullif(current_setting('cryptoscalp.declared_trades', true), '');
    old timestamptz := clock_timestamp() - interval '1 day';
    differ boolean;
    earliest timestamptz;
    added candles[];
BEGIN
    IF thawing() THEN
        RETURN NULL;
    END IF;
    IF declared IS NOT NULL AND current_setting('role') = 'cryptoscalp_capture' THEN
        PERFORM set_config('cryptoscalp.declared_trades', '', true);
        SELECT bool_or(found.n IS DISTINCT FROM said.n), min(minute) INTO differ, earliest
        FROM (SELECT exchange, symbol, feed,
                     date_bin('1 minute', timestamp, 'epoch') AS minute, count(*) AS n
              FROM new_rows GROUP BY exchange, symbol, feed, minute) AS found
        FULL JOIN jsonb_to_recordset(declared::jsonb) AS said
                  (exchange text, symbol text, feed trade_feed, minute timestamptz, n bigint)
          USING (exchange, symbol, feed, minute);
        IF differ THEN
            RAISE EXCEPTION 'rows inserted into % differ from those the writer declared', TG_TABLE_NAME
                USING ERRCODE = 'CS002';
        END IF;
        IF earliest < old THEN
            PERFORM note_late_rows('market_data', array_agg(exchange), array_agg(symbol), array_agg(day))
            FROM (SELECT DISTINCT exchange, symbol, minute::date AS day
                  FROM jsonb_to_recordset(declared::jsonb) AS said
                       (exchange text, symbol text, minute timestamptz)
                  WHERE minute < old) AS late;
        END IF;
        RETURN NULL;
    END IF;

    PERFORM pg_advisory_xact_lock(key)
    FROM (SELECT DISTINCT stream_lock(exchange, symbol, 'trades') AS key FROM new_rows ORDER BY key) AS keys;
    -- With the locks: whoever brings a day back holds them, too.
    PERFORM note_late_rows('market_data', array_agg(exchange), array_agg(symbol), array_agg(day))
    FROM (SELECT DISTINCT exchange::text, symbol::text, timestamp::date AS day FROM new_rows
          WHERE timestamp < old) AS late
    HAVING count(*) > 0;
    PERFORM register_instruments(array_agg(exchange::text), array_agg(symbol::text), array_agg(feed::text))
    FROM (SELECT exchange, symbol, min(feed) AS feed FROM new_rows AS n
          WHERE NOT EXISTS (SELECT FROM instruments AS i
                            WHERE i.symbol = n.symbol AND i.exchange = n.exchange
                              AND i.canonical_feed IS NOT NULL)
          GROUP BY exchange, symbol) AS unknown
    HAVING count(*) > 0;

    WITH ordered AS (
        SELECT n.* FROM new_rows AS n JOIN instruments AS i
          ON i.symbol = n.symbol AND i.exchange = n.exchange AND i.canonical_feed = n.feed
    ), seconds AS (
        SELECT date_bin('1 second', timestamp, 'epoch') AS bucket, symbol, exchange,
               array_agg(price ORDER BY timestamp, sequence) AS prices,
               array_agg(timestamp ORDER BY timestamp, sequence) AS times,
               array_agg(sequence ORDER BY timestamp, sequence) AS sequences,
               max(price) AS high, min(price) AS low, sum(volume) AS volume, count(*) AS n
        FROM ordered GROUP BY symbol, exchange, bucket
    ), second_candles AS (
        SELECT bucket, symbol, exchange, prices[1] AS open, high, low, prices[n] AS close, volume, n,
               times[1] AS open_at, sequences[1] AS open_sequence,
               times[n] AS close_at, sequences[n] AS close_sequence
        FROM seconds
    ), minute_candles AS (
        SELECT date_bin('1 minute', bucket, 'epoch') AS bucket, symbol, exchange,
               (array_agg(open ORDER BY bucket))[1] AS open, max(high) AS high, min(low) AS low,
               (array_agg(close ORDER BY bucket DESC))[1] AS close, sum(volume) AS volume, sum(n) AS n,
               (array_agg(open_at ORDER BY bucket))[1] AS open_at,
               (array_agg(open_sequence ORDER BY bucket))[1] AS open_sequence,
               (array_agg(close_at ORDER BY bucket DESC))[1] AS close_at,
               (array_agg(close_sequence ORDER BY bucket DESC))[1] AS close_sequence
        FROM second_candles GROUP BY 1, symbol, exchange
    ), delta AS (
        SELECT '1s'::candle_interval AS length, * FROM second_candles
        UNION ALL SELECT '1m', * FROM minute_candles
    )
    SELECT array_agg(ROW(bucket, symbol, exchange, length, 'computed', open, high, low, close, volume, n,
                         open_at, open_sequence, close_at, close_sequence, NULL)::candles)
    INTO added FROM delta;
    PERFORM merge_candles(added);

    PERFORM merge_newest_trades(array_agg(newest))
    FROM (SELECT DISTINCT ON (n.symbol, n.exchange) n::market_data AS newest
          FROM new_rows AS n JOIN instruments AS i
            ON i.symbol = n.symbol AND i.exchange = n.exchange AND i.canonical_feed = n.feed
          ORDER BY n.symbol, n.exchange, n.timestamp DESC, n.sequence DESC) AS rows;
    RETURN NULL;
END
$$;
