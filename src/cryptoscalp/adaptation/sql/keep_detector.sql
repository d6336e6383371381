-- keep_detector
-- A detector is changed by the functions that run it alone, and only forwards: what it watches, how, and the
-- drifts that it found stay. Holds for everybody, the owner too.
CREATE OR REPLACE FUNCTION keep_detector() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
DECLARE
    fixed drift_detectors;
BEGIN
    IF TG_OP = 'UPDATE' AND current_user = 'cryptoscalp_owner' AND OLD.stopped_at IS NULL THEN
        fixed := NEW;
        fixed.state := OLD.state;
        fixed.state_format := OLD.state_format;
        fixed.position_at := OLD.position_at;
        fixed.position_key := OLD.position_key;
        fixed.since_at := OLD.since_at;
        fixed.since_key := OLD.since_key;
        fixed.observations := OLD.observations;
        fixed.drifts := OLD.drifts;
        fixed.note := OLD.note;
        fixed.updated_at := OLD.updated_at;
        fixed.stopped_at := OLD.stopped_at;
        IF fixed IS NOT DISTINCT FROM OLD AND NEW.observations >= OLD.observations AND NEW.drifts >= OLD.drifts
           AND (OLD.position_at IS NULL
                OR (NEW.position_at, NEW.position_key COLLATE "C") >= (OLD.position_at, OLD.position_key)) THEN
            RETURN NEW;
        END IF;
    ELSIF TG_OP = 'UPDATE' AND NEW IS NOT DISTINCT FROM OLD THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% on drift_detectors refused: a detector only goes forward, and stays once it was stopped', TG_OP
        USING ERRCODE = 'CS001', HINT = 'Use `cryptoscalp drift watch`, `drift check` and `drift stop`.';
END
$$;
