-- The one way in which stored ticks and states change: takes back what a batch stored. Locks the
-- streams, then the touched candles and newest rows, removes the rows, makes the touched ones again,
-- and opens the refused records again that the batch had resolved.
CREATE OR REPLACE FUNCTION correct_ticks(p_batch bigint)
RETURNS TABLE (trades bigint, quotes bigint, candles bigint, mark_prices bigint, funding_rates bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC'
AS $$
DECLARE
    state batch_status;
    part record;
    cold record;
    removed bigint;
BEGIN
    trades := 0;
    quotes := 0;
    candles := 0;
    mark_prices := 0;
    funding_rates := 0;
    SELECT status INTO state FROM batches WHERE batch_id = p_batch FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no batch %', p_batch USING ERRCODE = 'P0002';
    ELSIF state = 'UNDONE' THEN
        RAISE EXCEPTION 'batch % was undone already', p_batch USING ERRCODE = '22023';
    END IF;
    PERFORM set_config('cryptoscalp.correcting', 'on', true);
    PERFORM pg_advisory_xact_lock(key)
    FROM (SELECT DISTINCT stream_lock(exchange, symbol,
                     CASE WHEN stream IN ('trade', 'agg_trade') THEN 'trades'
                          WHEN stream IN ('ticker', 'depth', 'snapshot') THEN 'quotes'
                          WHEN stream LIKE 'candle\_%' THEN 'candles'
                          ELSE stream || 's' END) AS key
          FROM batch_streams WHERE batch_id = p_batch AND stored > 0 ORDER BY key) AS keys;
    SELECT * INTO cold FROM cold_parts_of_batch(p_batch) LIMIT 1;
    IF FOUND THEN
        PERFORM refuse_cold(cold.table_name, cold.exchange, cold.symbol, cold.day, cold.day);
    END IF;
    FOR part IN
        SELECT * FROM batch_streams WHERE batch_id = p_batch AND stored > 0
        ORDER BY exchange, symbol, stream
    LOOP
        CASE
        WHEN part.stream LIKE 'candle\_%' THEN
            DELETE FROM candles AS c
            WHERE c.symbol = part.symbol AND c.exchange = part.exchange
              AND c.interval = substr(part.stream, 8)::candle_interval
              AND c.source = 'imported' AND c.batch_id = p_batch
              AND c.timestamp BETWEEN part.first_timestamp AND part.last_timestamp;
            GET DIAGNOSTICS removed = ROW_COUNT;
            candles := candles + removed;
            CONTINUE;
        WHEN part.stream = 'mark_price' THEN
            DELETE FROM mark_prices AS m
            WHERE m.symbol = part.symbol AND m.exchange = part.exchange AND m.batch_id = p_batch
              AND m.timestamp BETWEEN part.first_timestamp AND part.last_timestamp;
            GET DIAGNOSTICS removed = ROW_COUNT;
            mark_prices := mark_prices + removed;
            PERFORM note_late_write('mark_prices', part.first_timestamp, part.last_timestamp);
            CONTINUE;
        WHEN part.stream = 'funding_rate' THEN
            DELETE FROM funding_rates AS f
            WHERE f.symbol = part.symbol AND f.exchange = part.exchange AND f.batch_id = p_batch
              AND f.timestamp BETWEEN part.first_timestamp AND part.last_timestamp;
            GET DIAGNOSTICS removed = ROW_COUNT;
            funding_rates := funding_rates + removed;
            PERFORM note_late_write('funding_rates', part.first_timestamp, part.last_timestamp);
            CONTINUE;
        WHEN part.stream IN ('trade', 'agg_trade') THEN
            DELETE FROM market_data
            WHERE symbol = part.symbol AND exchange = part.exchange
              AND feed = part.stream::trade_feed AND batch_id = p_batch
              AND timestamp BETWEEN part.first_timestamp AND part.last_timestamp;
            GET DIAGNOSTICS removed = ROW_COUNT;
            trades := trades + removed;
            PERFORM note_late_write('market_data', part.first_timestamp, part.last_timestamp);
            PERFORM recompute_candles(part.exchange, part.symbol, part.first_timestamp, part.last_timestamp);
            IF EXISTS (SELECT FROM newest_trades AS n WHERE n.symbol = part.symbol AND n.exchange = part.exchange) THEN
                PERFORM recompute_newest_trade(part.exchange, part.symbol);
            END IF;
        ELSE
            DELETE FROM order_book_l1
            WHERE symbol = part.symbol AND exchange = part.exchange
              AND source = part.stream::quote_source AND batch_id = p_batch
              AND timestamp BETWEEN part.first_timestamp AND part.last_timestamp;
            GET DIAGNOSTICS removed = ROW_COUNT;
            quotes := quotes + removed;
            PERFORM note_late_write('order_book_l1', part.first_timestamp, part.last_timestamp);
            IF EXISTS (SELECT FROM newest_quotes AS n WHERE n.symbol = part.symbol AND n.exchange = part.exchange) THEN
                PERFORM recompute_newest_quote(part.exchange, part.symbol);
            END IF;
        END CASE;
        PERFORM cut_coverage(part.exchange, part.symbol, part.stream::tick_stream,
                             part.first_timestamp, part.last_timestamp);
    END LOOP;
    -- A day may have been sealed until its rows were locked by the DELETE.
    SELECT * INTO cold FROM cold_parts_of_batch(p_batch) LIMIT 1;
    IF FOUND THEN
        PERFORM refuse_cold(cold.table_name, cold.exchange, cold.symbol, cold.day, cold.day);
    END IF;
    PERFORM FROM quarantine WHERE resolved_batch_id = p_batch ORDER BY record_hash FOR UPDATE;
    WITH opened AS (
        UPDATE quarantine SET resolved_at = NULL, resolved_batch_id = NULL
        WHERE resolved_batch_id = p_batch
        RETURNING exchange, symbol, stream, timestamp
    )
    INSERT INTO coverage (exchange, symbol, stream, kind, start_time, end_time, cause)
    SELECT exchange, symbol, stream::tick_stream, 'GAP', timestamp, timestamp, 'quarantined'
    FROM opened
    WHERE timestamp IS NOT NULL AND exchange <> 'unknown'
      AND stream = ANY (enum_range(NULL::tick_stream)::text[]);
    UPDATE batches SET status = 'UNDONE', finished_at = clock_timestamp() WHERE batch_id = p_batch;
    PERFORM set_config('cryptoscalp.correcting', '', true);
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION correct_ticks(bigint) IS
    'Take back the ticks and states that a batch stored; candles, newest rows and coverage follow.';
