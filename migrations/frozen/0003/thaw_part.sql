-- Makes PostgreSQL what is read for a part again. Returns the number of rows that the caller has to
-- bring back from the lake in this transaction; NULL where there is nothing to bring back: the part is
-- not COLD, or its rows have not left PostgreSQL yet. 55P03: the day is being moved.
CREATE OR REPLACE FUNCTION thaw_part(p_table text, p_day date, p_exchange text, p_symbol text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC'
AS $$
DECLARE
    held bigint;
    here boolean;
BEGIN
    PERFORM day_piece(p_table, p_day);
    PERFORM take_day(p_table, p_day, false);
    UPDATE cold_parts SET state = 'THAWED', version = version + 1, changed_at = now()
    WHERE table_name = p_table AND day = p_day AND exchange = p_exchange AND symbol = p_symbol
      AND state = 'COLD'
    RETURNING rows INTO held;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    PERFORM note_late_write(p_table, p_day::timestamptz, (p_day + 1)::timestamptz - interval '1 microsecond');
    EXECUTE format('SELECT EXISTS (SELECT FROM %I WHERE symbol = $1 AND exchange = $2'
                   '               AND timestamp >= $3 AND timestamp < $4)', p_table)
        INTO here USING p_symbol, p_exchange, p_day::timestamptz, (p_day + 1)::timestamptz;
    RETURN CASE WHEN here THEN NULL ELSE held END;
END
$$;
