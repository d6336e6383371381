-- Puts a partition back that was detached, or half detached, by a move that was cut off, so that its
-- day can be written again. Returns whether there was one.
CREATE OR REPLACE FUNCTION reclaim_day(p_table text, p_day date) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp SET timezone = 'UTC' SET lock_timeout = '50ms'
AS $$
DECLARE
    place record;
BEGIN
    SELECT * INTO place FROM day_piece(p_table, p_day);
    IF place.kind IS NULL OR place.kind NOT IN ('pending', 'detached') THEN
        RETURN false;
    END IF;
    PERFORM take_day(p_table, p_day, true);
    SELECT * INTO place FROM day_piece(p_table, p_day);
    IF place.kind = 'pending' THEN
        EXECUTE format('ALTER TABLE %I DETACH PARTITION %s FINALIZE', p_table, place.piece);
    END IF;
    IF place.kind IN ('pending', 'detached') THEN
        EXECUTE format('ALTER TABLE %I ATTACH PARTITION %s FOR VALUES FROM (%L) TO (%L)',
                       p_table, place.piece, p_day::timestamptz, (p_day + 1)::timestamptz);
    END IF;
    RETURN place.kind IS NOT NULL;
END
$$;
