-- What PostgreSQL holds of a day, by instrument, counted in its partition, detached table or chunk. Log
-- records have no instrument: they are counted as those of one without a name.
CREATE OR REPLACE FUNCTION day_counts(p_table text, p_day date)
RETURNS TABLE (exchange text, symbol text, n bigint, first timestamptz, last timestamptz)
LANGUAGE plpgsql SET search_path = public, pg_temp SET timezone = 'UTC'
AS $$
DECLARE
    place record;
BEGIN
    SELECT * INTO place FROM day_piece(p_table, p_day);
    IF place.piece IS NULL THEN
        RETURN;
    END IF;
    -- A chunk is read through its table: its compressed rows lie elsewhere.
    RETURN QUERY EXECUTE format(
        'SELECT %s, count(*), min(timestamp), max(timestamp) FROM %s'
        ' WHERE timestamp >= $1 AND timestamp < $2 GROUP BY 1, 2',
        CASE p_table WHEN 'system_logs' THEN '''''::text, ''''::text' ELSE 'exchange::text, symbol::text' END,
        CASE WHEN place.kind = 'chunk' THEN quote_ident(p_table) ELSE place.piece END)
        USING p_day::timestamptz, (p_day + 1)::timestamptz;
END
$$;
