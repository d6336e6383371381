-- Takes a regulated day out of the ledger when its seven years are over; its rows in the lake are
-- nobody's then. Returns the number of rows; NULL where the ledger has none.
CREATE OR REPLACE FUNCTION expire_day(p_table text, p_day date) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp SET timezone = 'UTC' SET lock_timeout = '50ms'
AS $$
DECLARE
    written timestamptz;
    gone bigint;
BEGIN
    PERFORM check_departure(p_table, p_day);
    IF p_table IN ('candles_1s', 'system_logs') OR (SELECT count(*) FROM day_counts(p_table, p_day)) > 0 THEN
        RAISE EXCEPTION 'retention: % of % has not left PostgreSQL', p_table, p_day USING ERRCODE = 'CS004';
    END IF;
    SELECT greatest((p_day + 1)::timestamptz, max(written_at)) INTO written FROM late_writes
    WHERE table_name = p_table AND day = p_day;
    IF written > now() - interval '7 years' THEN
        RAISE EXCEPTION 'retention: % of % was last written %, less than seven years ago', p_table, p_day, written
            USING ERRCODE = 'CS004';
    END IF;
    WITH taken AS (DELETE FROM cold_parts WHERE table_name = p_table AND day = p_day RETURNING rows)
    SELECT sum(rows) INTO gone FROM taken;
    IF gone IS NOT NULL THEN
        INSERT INTO departures (table_name, first_day, last_day, rows, reason, piece)
        VALUES (p_table, p_day, p_day, gone, 'expired', 'lake');
    END IF;
    RETURN gone;
END
$$;
