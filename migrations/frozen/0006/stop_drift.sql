-- stop_drift
-- Ends a detector; its drifts stay. Stopping it again changes nothing.
CREATE OR REPLACE FUNCTION stop_drift(p_detector_id bigint) RETURNS drift_detectors
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    detector drift_detectors;
BEGIN
    UPDATE drift_detectors SET stopped_at = coalesce(stopped_at, now()) WHERE detector_id = p_detector_id
    RETURNING * INTO detector;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no drift detector %', p_detector_id
            USING ERRCODE = 'CS011', HINT = '`cryptoscalp drift status` shows them.';
    END IF;
    RETURN detector;
END
$$;
