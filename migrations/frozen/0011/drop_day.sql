-- The one way in which a day's partition or chunk leaves PostgreSQL. Checks everything again, drops
-- it, and records the departure. Returns the rows that left; NULL where nothing holds the day. Of
-- 1-second candles the imported ones are permanent: where there are some, only the computed leave.
-- 55P03: somebody is reading or writing what would have to be locked; try again.
CREATE OR REPLACE FUNCTION drop_day(p_table text, p_day date) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp SET timezone = 'UTC' SET lock_timeout = '50ms'
AS $$
DECLARE
    place record;
    home text;
    gone bigint;
    imported boolean := false;
BEGIN
    PERFORM check_departure(p_table, p_day);
    SELECT * INTO place FROM day_piece(p_table, p_day);
    IF place.piece IS NULL THEN
        RETURN NULL;
    END IF;
    SELECT coalesce(sum(n), 0) INTO gone FROM day_counts(p_table, p_day);
    IF p_table = 'candles_1s' THEN
        EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', place.piece);
        EXECUTE format('SELECT EXISTS (SELECT FROM %s WHERE source = ''imported'')', place.piece) INTO imported;
    END IF;
    IF imported THEN
        PERFORM reclaim_day(p_table, p_day);
        EXECUTE format('DELETE FROM %s WHERE source = ''computed''', place.piece);
        GET DIAGNOSTICS gone = ROW_COUNT;
    ELSIF place.kind = 'chunk' THEN
        SELECT quote_ident(n.nspname) INTO home
        FROM pg_extension AS e JOIN pg_namespace AS n ON n.oid = e.extnamespace WHERE e.extname = 'timescaledb';
        EXECUTE format('SELECT %s.drop_chunks($1::regclass, older_than => $3, newer_than => $2)', home)
            USING p_table, p_day::timestamptz, (p_day + 1)::timestamptz;
        IF to_regclass(place.piece) IS NOT NULL THEN
            RAISE EXCEPTION 'retention: chunk % was not dropped', place.piece USING ERRCODE = 'CS004';
        END IF;
    ELSE
        IF place.kind = 'pending' THEN
            EXECUTE format('ALTER TABLE %I DETACH PARTITION %s FINALIZE', p_table, place.piece);
        END IF;
        EXECUTE format('DROP TABLE %s', place.piece);
    END IF;
    INSERT INTO departures (table_name, first_day, last_day, rows, reason, piece)
    VALUES (p_table, p_day, p_day, gone, CASE WHEN p_table IN ('candles_1s', 'system_logs') THEN 'operational' ELSE 'cold' END,
            CASE WHEN imported THEN place.piece || ' (computed rows)' ELSE place.piece END);
    RETURN gone;
END
$$;
