-- Takes the interval [p_first, p_last] out of a stream's coverage after its ticks were removed. Runs
-- of consecutive ids are found again among the ids still stored; other runs are cut by time, and what
-- was cut out is recorded as a gap.
CREATE OR REPLACE FUNCTION cut_coverage(p_exchange text, p_symbol text, p_stream tick_stream,
                             p_first timestamptz, p_last timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC'
AS $$
DECLARE
    run record;
    cold record;
    ticks constant text := CASE WHEN p_stream IN ('trade', 'agg_trade') THEN 'market_data' ELSE 'order_book_l1' END;
    -- A run has the stamps of what was received; the same event may be stored with another one.
    slack constant interval := '5 minutes';
BEGIN
    FOR run IN
        DELETE FROM coverage
        WHERE symbol = p_symbol AND exchange = p_exchange AND stream = p_stream AND kind = 'RECEIVED'
          AND CASE WHEN first_sequence IS NULL THEN start_time <= p_last AND end_time >= p_first
                   ELSE start_time <= p_last + slack AND end_time >= p_first - slack END
        RETURNING *
    LOOP
        IF run.first_sequence IS NOT NULL THEN
            INSERT INTO coverage (exchange, symbol, stream, kind, start_time, end_time,
                                  first_sequence, last_sequence)
            SELECT p_exchange, p_symbol, p_stream, 'RECEIVED', min(timestamp), max(timestamp),
                   min(sequence), max(sequence)
            FROM (SELECT timestamp, sequence, sequence - row_number() OVER (ORDER BY sequence) AS island
                  FROM (SELECT symbol, exchange, feed::text AS stream, timestamp, sequence FROM market_data
                        UNION ALL
                        SELECT symbol, exchange, source::text, timestamp, sequence FROM order_book_l1) AS ticks
                  WHERE symbol = p_symbol AND exchange = p_exchange AND stream = p_stream::text
                    AND timestamp BETWEEN run.start_time - slack AND run.end_time + slack
                    AND sequence BETWEEN run.first_sequence AND run.last_sequence) AS kept
            GROUP BY island;
            SELECT * INTO cold FROM cold_parts AS c
            WHERE c.table_name = ticks AND c.symbol = p_symbol AND c.exchange = p_exchange AND c.state = 'COLD'
              AND c.day BETWEEN (run.start_time - slack)::date AND (run.end_time + slack)::date
            LIMIT 1;
            IF FOUND THEN
                PERFORM refuse_cold(ticks, p_exchange, p_symbol, cold.day, cold.day);
            END IF;
        ELSE
            INSERT INTO coverage (exchange, symbol, stream, kind, start_time, end_time)
            SELECT p_exchange, p_symbol, p_stream, 'RECEIVED', low, high
            FROM (VALUES (run.start_time, p_first), (p_last, run.end_time)) AS side (low, high)
            WHERE low < high;
            INSERT INTO coverage (exchange, symbol, stream, kind, start_time, end_time, cause)
            VALUES (p_exchange, p_symbol, p_stream, 'GAP', greatest(run.start_time, p_first),
                    least(run.end_time, p_last), 'removed');
        END IF;
    END LOOP;
END
$$;
