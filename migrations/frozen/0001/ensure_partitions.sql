-- Makes the partitions that ticks and candles between two moments need, without blocking writers
-- or readers: CREATE TABLE (LIKE ...) and ATTACH take no lock that INSERT waits for (S6).
-- Returns the number made. 55P03 (lock_timeout) means: somebody else is at it, try again.
CREATE OR REPLACE FUNCTION ensure_partitions(p_first timestamptz, p_last timestamptz) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp SET timezone = 'UTC' SET lock_timeout = '50ms'
AS $$
DECLARE
    wanted record;
    made integer := 0;
    alone boolean := false;
BEGIN
    IF p_last < p_first THEN
        RAISE EXCEPTION 'partitions: % lies before %', p_last, p_first USING ERRCODE = '22023';
    END IF;
    IF p_last::date - p_first::date >= 366 THEN
        RAISE EXCEPTION 'partitions: % to % is more than 366 days; ask for less at a time',
            p_first::date, p_last::date USING ERRCODE = '22023';
    END IF;
    FOR wanted IN
        SELECT parent, format('%s_%s', parent, to_char(low, pattern)) AS name, low, low + step AS high
        FROM (VALUES ('market_data', 'day', 'YYYYMMDD', interval '1 day'),
                     ('order_book_l1', 'day', 'YYYYMMDD', interval '1 day'),
                     ('candles_1s', 'day', 'YYYYMMDD', interval '1 day'),
                     ('candles_long', 'month', 'YYYYMM', interval '1 month'))
             AS kind (parent, unit, pattern, step),
             generate_series(date_trunc(unit, p_first), p_last, step) AS low
        ORDER BY low, parent
    LOOP
        IF to_regclass(wanted.name) IS NOT NULL THEN
            CONTINUE;
        END IF;
        IF NOT alone THEN
            -- One maker at a time: two would meet in the catalogue's unique indexes.
            PERFORM set_config('lock_timeout', '30s', true);
            PERFORM pg_advisory_xact_lock(hashtextextended('cryptoscalp partitions', 7));
            PERFORM set_config('lock_timeout', '50ms', true);
            alone := true;
        END IF;
        PERFORM FROM pg_class WHERE relname = wanted.name AND relnamespace = 'public'::regnamespace;
        IF FOUND THEN
            CONTINUE;
        END IF;
        EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)', wanted.name, wanted.parent);
        IF wanted.parent IN ('market_data', 'order_book_l1') THEN
            PERFORM guard_ticks(wanted.name);
        END IF;
        EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                       wanted.parent, wanted.name, wanted.low, wanted.high);
        made := made + 1;
    END LOOP;
    RETURN made;
EXCEPTION WHEN duplicate_table OR unique_violation THEN
    -- Another session made it between our look and our CREATE.
    RAISE EXCEPTION 'partitions are being made by another session' USING ERRCODE = '55P03';
END
$$;
COMMENT ON FUNCTION ensure_partitions(timestamptz, timestamptz) IS
    'Make the partitions for ticks and candles between two moments; returns how many were missing.';
