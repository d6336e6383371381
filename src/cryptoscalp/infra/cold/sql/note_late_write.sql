-- Called by the triggers when rows over a day old are written or taken back: keeps when that last
-- happened, to the hour, and opens copies of the day that nobody reads yet, because they no longer
-- equal what PostgreSQL holds. Days move two days after their end at the earliest: a transaction that
-- wrote to one while it was too young for this has a day to end. 55P03: the day is being moved.
CREATE OR REPLACE FUNCTION note_late_write(p_table text, p_first timestamptz, p_last timestamptz)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC'
AS $$
DECLARE
    written date;
    native boolean := (SELECT relkind = 'p' FROM pg_class WHERE oid = to_regclass(p_table));
BEGIN
    FOR written IN
        SELECT series::date
        FROM generate_series(date_trunc('day', p_first), least(p_last, now() - interval '1 day'),
                             interval '1 day') AS series
        WHERE NOT native OR to_regclass(p_table || to_char(series, '_YYYYMMDD')) IS NOT NULL
        ORDER BY series
    LOOP
        PERFORM take_day(p_table, written, false);
        PERFORM FROM late_writes AS w
        WHERE w.table_name = p_table AND w.day = written AND w.written_at > now() - interval '1 hour';
        IF NOT FOUND THEN
            INSERT INTO late_writes AS w (table_name, day, written_at) VALUES (p_table, written, now())
            ON CONFLICT (table_name, day) DO UPDATE SET written_at = excluded.written_at
            WHERE w.written_at < excluded.written_at;
        END IF;
        PERFORM FROM cold_parts AS p
        WHERE p.table_name = p_table AND p.day = written AND p.state IN ('WRITTEN', 'VERIFIED')
        ORDER BY p.symbol, p.exchange FOR UPDATE;
        IF FOUND THEN
            UPDATE cold_parts AS p SET state = 'THAWED', version = p.version + 1, changed_at = now()
            WHERE p.table_name = p_table AND p.day = written AND p.state IN ('WRITTEN', 'VERIFIED');
        END IF;
    END LOOP;
END
$$;
