-- Makes the partitions that the tables named need between two moments, without blocking writers or
-- readers: CREATE TABLE (LIKE ...) and ATTACH take no lock that INSERT waits for (S6). Unless said
-- otherwise: those of ticks and of the candles that follow from them. At most 366 a table at a time.
-- A hypertable makes its chunks itself and is passed over. Returns the number made. 55P03
-- (lock_timeout) means: somebody else is at it, try again.
CREATE OR REPLACE FUNCTION ensure_partitions(
    p_first timestamptz, p_last timestamptz,
    p_tables text[] DEFAULT '{market_data, order_book_l1, candles_1s, candles_long}'
) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp SET timezone = 'UTC' SET lock_timeout = '50ms'
AS $$
DECLARE
    wanted record;
    kinds CONSTANT jsonb := '{"market_data": "day", "order_book_l1": "day", "candles_1s": "day",
                              "candles_long": "month", "mark_prices": "day", "funding_rates": "day",
                              "feature_vectors": "day", "model_performance": "day", "system_logs": "day"}';
    strange text;
    periods integer;
    made integer := 0;
    alone boolean := false;
BEGIN
    IF p_last < p_first THEN
        RAISE EXCEPTION 'partitions: % lies before %', p_last, p_first USING ERRCODE = '22023';
    END IF;
    SELECT name INTO strange FROM unnest(p_tables) AS name WHERE NOT kinds ? name;
    IF FOUND THEN
        RAISE EXCEPTION 'partitions: % is no partitioned table; choose %', strange,
            (SELECT string_agg(name, ', ' ORDER BY name) FROM jsonb_object_keys(kinds) AS name)
            USING ERRCODE = '22023';
    END IF;
    FOR wanted IN SELECT DISTINCT kinds ->> name AS unit FROM unnest(p_tables) AS name ORDER BY unit
    LOOP
        SELECT count(*) INTO periods
        FROM generate_series(date_trunc(wanted.unit, p_first), p_last, ('1 ' || wanted.unit)::interval);
        IF periods > 366 THEN
            RAISE EXCEPTION 'partitions: % to % is more than 366 %s; ask for less at a time',
                p_first::date, p_last::date, wanted.unit USING ERRCODE = '22023';
        END IF;
    END LOOP;
    FOR wanted IN
        SELECT parent, low, low + step AS high,
               format('%s_%s', parent, to_char(low, CASE unit WHEN 'day' THEN 'YYYYMMDD' ELSE 'YYYYMM' END))
                   AS name
        FROM (SELECT DISTINCT name AS parent, kinds ->> name AS unit, ('1 ' || (kinds ->> name))::interval AS step
              FROM unnest(p_tables) AS name JOIN pg_class AS c ON c.relname = name AND c.relkind = 'p'
                                             AND c.relnamespace = 'public'::regnamespace) AS kind,
             generate_series(date_trunc(unit, p_first), p_last, step) AS low
        ORDER BY low, parent
    LOOP
        IF to_regclass(wanted.name) IS NOT NULL THEN
            -- A move to the cold tier that was cut off may have left it detached.
            PERFORM FROM pg_inherits WHERE inhrelid = to_regclass(wanted.name) AND NOT inhdetachpending;
            IF NOT FOUND THEN
                PERFORM reclaim_day(wanted.parent, wanted.low::date);
            END IF;
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
        EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                       wanted.parent, wanted.name, wanted.low, wanted.high);
        -- Afterwards: older minor releases (17.5) attach no table with a transition table's trigger.
        IF wanted.parent IN ('market_data', 'order_book_l1') THEN
            PERFORM guard_ticks(wanted.name);
        ELSIF wanted.parent IN ('mark_prices', 'funding_rates') THEN
            PERFORM guard_states(wanted.name);
        ELSIF wanted.parent IN ('feature_vectors', 'model_performance') THEN
            PERFORM guard_predictions(wanted.name);
        END IF;
        made := made + 1;
        IF kinds ->> wanted.parent = 'day' AND wanted.high <= now() - interval '2 days' THEN
            -- Made for rows that are about to come: it is not taken away as old and empty before.
            PERFORM note_late_write(wanted.parent, wanted.low, wanted.low);
        END IF;
    END LOOP;
    RETURN made;
EXCEPTION WHEN duplicate_table OR unique_violation THEN
    -- Another session made it between our look and our CREATE.
    RAISE EXCEPTION 'partitions are being made by another session' USING ERRCODE = '55P03';
END
$$;
COMMENT ON FUNCTION ensure_partitions(timestamptz, timestamptz, text[]) IS
    'Make the partitions that tables need between two moments; returns how many were missing.';
