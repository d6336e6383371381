-- Finds what holds a day of a table: a partition, one whose concurrent detach was cut off (pending),
-- a table that was detached and not dropped (detached), or a chunk; nulls where nothing holds it.
CREATE OR REPLACE FUNCTION day_piece(p_table text, p_day date, OUT kind text, OUT piece text)
LANGUAGE plpgsql SET search_path = public, pg_temp SET timezone = 'UTC'
AS $$
DECLARE
    names CONSTANT text[] := '{market_data, order_book_l1, mark_prices, funding_rates, candles_1s, system_logs}';
    whole boolean;
BEGIN
    IF p_table IS NULL OR p_table <> ALL (names) THEN
        RAISE EXCEPTION 'retention: % is not kept by days; choose %', p_table, array_to_string(names, ', ')
            USING ERRCODE = '22023';
    END IF;
    IF (SELECT relkind FROM pg_class WHERE oid = to_regclass(p_table)) = 'p' THEN
        SELECT c.oid::regclass::text,
               CASE WHEN i.inhrelid IS NULL THEN 'detached'
                    WHEN i.inhdetachpending THEN 'pending' ELSE 'partition' END
        INTO piece, kind
        FROM pg_class AS c JOIN pg_class AS p ON p.oid = to_regclass(p_table) AND p.relowner = c.relowner
        LEFT JOIN pg_inherits AS i ON i.inhrelid = c.oid AND i.inhparent = p.oid
        WHERE c.relname = p_table || to_char(p_day, '_YYYYMMDD')
          AND c.relnamespace = 'public'::regnamespace AND c.relkind = 'r';
    ELSIF to_regclass('timescaledb_information.chunks') IS NOT NULL THEN
        EXECUTE 'SELECT format(''%I.%I'', chunk_schema, chunk_name), ''chunk'','
                '       range_start = $2 AND range_end = $3'
                ' FROM timescaledb_information.chunks'
                ' WHERE hypertable_schema = ''public'' AND hypertable_name = $1'
                '   AND range_start < $3 AND range_end > $2'
            INTO piece, kind, whole USING p_table, p_day::timestamptz, (p_day + 1)::timestamptz;
        IF NOT whole THEN
            RAISE EXCEPTION 'retention: chunk % holds more or less than %', piece, p_day
                USING ERRCODE = 'CS004', HINT = 'Chunks of cryptoscalp are one UTC day long.';
        END IF;
    END IF;
END
$$;
