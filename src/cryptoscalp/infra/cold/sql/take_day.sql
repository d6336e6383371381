-- Takes the lock on a day until the transaction ends: alone, or together with other writers. A session
-- that holds it already may. It does not wait: the caller may hold the lock of a stream, for which the
-- live feed would wait in turn.
CREATE OR REPLACE FUNCTION take_day(p_table text, p_day date, p_alone boolean) RETURNS void
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
DECLARE
    key CONSTANT bigint := day_lock(p_table, p_day);
BEGIN
    IF NOT (p_alone AND pg_try_advisory_xact_lock(key)
            OR NOT p_alone AND pg_try_advisory_xact_lock_shared(key)) THEN
        RAISE EXCEPTION '% of % is being written or moved by another session', p_table, p_day
            USING ERRCODE = '55P03', HINT = 'Try again in a moment.';
    END IF;
END
$$;
