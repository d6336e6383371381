-- Refuses while a hold covers the day or the day is too young for its late writes to be noted. No hold
-- can be placed until the transaction ends.
CREATE OR REPLACE FUNCTION check_unheld(p_table text, p_day date) RETURNS void
LANGUAGE plpgsql SET search_path = public, pg_temp SET timezone = 'UTC'
AS $$
DECLARE
    held record;
BEGIN
    LOCK TABLE retention_holds IN SHARE MODE;
    SELECT hold_id, reason INTO held FROM retention_holds
    WHERE table_name = p_table AND released_at IS NULL AND p_day BETWEEN first_day AND last_day
    ORDER BY hold_id LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'retention: % of % is under hold %: %', p_table, p_day, held.hold_id, held.reason
            USING ERRCODE = 'CS004', HINT = format('To release it run: cryptoscalp retention release %s', held.hold_id);
    END IF;
    IF (p_day + 1)::timestamptz > now() - interval '2 days' THEN
        RAISE EXCEPTION 'retention: % of % has not been over for two days', p_table, p_day
            USING ERRCODE = 'CS004';
    END IF;
END
$$;
