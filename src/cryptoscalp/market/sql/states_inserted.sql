-- Looks at every INSERT or COPY into mark_prices or funding_rates (the table is the trigger's argument)
-- for rows of days that are over; see note_late_rows.
CREATE OR REPLACE FUNCTION states_inserted() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC'
AS $$
DECLARE
    old timestamptz := clock_timestamp() - interval '1 day';
BEGIN
    IF thawing() THEN
        RETURN NULL;
    END IF;
    PERFORM note_late_rows(TG_ARGV[0], array_agg(exchange), array_agg(symbol), array_agg(day))
    FROM (SELECT DISTINCT exchange::text, symbol::text, timestamp::date AS day FROM new_rows
          WHERE timestamp < old) AS late
    HAVING count(*) > 0;
    RETURN NULL;
END
$$;
