-- Releases a hold; its row stays.
CREATE OR REPLACE FUNCTION release_hold(p_hold bigint, p_by text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
    UPDATE retention_holds SET released_by = p_by, released_at = now()
    WHERE hold_id = p_hold AND released_at IS NULL;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'retention: no hold % is in force', p_hold
            USING ERRCODE = 'P0002', HINT = 'To see them run: cryptoscalp retention holds';
    END IF;
END
$$;
