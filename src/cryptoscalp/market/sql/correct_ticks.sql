-- The one way in which stored ticks change: takes back what a batch stored. Locks the streams, then
-- the touched candles and newest rows, removes the ticks, and makes the touched rows again.
CREATE OR REPLACE FUNCTION correct_ticks(p_batch bigint) RETURNS TABLE (trades bigint, quotes bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC'
AS $$
DECLARE
    state batch_status;
    part record;
    removed bigint;
BEGIN
    trades := 0;
    quotes := 0;
    SELECT status INTO state FROM batches WHERE batch_id = p_batch FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no batch %', p_batch USING ERRCODE = 'P0002';
    ELSIF state = 'UNDONE' THEN
        RAISE EXCEPTION 'batch % was undone already', p_batch USING ERRCODE = '22023';
    END IF;
    PERFORM set_config('cryptoscalp.correcting', 'on', true);
    PERFORM pg_advisory_xact_lock(key)
    FROM (SELECT DISTINCT stream_lock(exchange, symbol,
                     CASE WHEN stream IN ('trade', 'agg_trade') THEN 'trades' ELSE 'quotes' END) AS key
          FROM batch_streams WHERE batch_id = p_batch AND stored > 0 ORDER BY key) AS keys;
    FOR part IN
        SELECT * FROM batch_streams WHERE batch_id = p_batch AND stored > 0
        ORDER BY exchange, symbol, stream
    LOOP
        IF part.stream IN ('trade', 'agg_trade') THEN
            DELETE FROM market_data
            WHERE symbol = part.symbol AND exchange = part.exchange
              AND feed = part.stream::trade_feed AND batch_id = p_batch
              AND timestamp BETWEEN part.first_timestamp AND part.last_timestamp;
            GET DIAGNOSTICS removed = ROW_COUNT;
            trades := trades + removed;
            PERFORM recompute_candles(part.exchange, part.symbol, part.first_timestamp, part.last_timestamp);
        ELSE
            DELETE FROM order_book_l1
            WHERE symbol = part.symbol AND exchange = part.exchange
              AND source = part.stream::quote_source AND batch_id = p_batch
              AND timestamp BETWEEN part.first_timestamp AND part.last_timestamp;
            GET DIAGNOSTICS removed = ROW_COUNT;
            quotes := quotes + removed;
        END IF;
        PERFORM recompute_newest(part.exchange, part.symbol);
        PERFORM cut_coverage(part.exchange, part.symbol, part.stream::tick_stream,
                             part.first_timestamp, part.last_timestamp);
    END LOOP;
    UPDATE batches SET status = 'UNDONE', finished_at = clock_timestamp() WHERE batch_id = p_batch;
    PERFORM set_config('cryptoscalp.correcting', '', true);
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION correct_ticks(bigint) IS
    'Take back the ticks that a batch stored; candles, newest rows and coverage follow.';
