-- keep_adaptation
-- An adaptation is finished once, by the functions that measure it; nothing else of it ever changes. Holds
-- for everybody, the owner too.
CREATE OR REPLACE FUNCTION keep_adaptation() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
DECLARE
    fixed adaptation_history;
BEGIN
    IF TG_OP = 'UPDATE' AND current_user = 'cryptoscalp_owner' AND OLD.finished_at IS NULL
       AND NEW.finished_at IS NOT NULL THEN
        fixed := NEW;
        fixed.performance_before := OLD.performance_before;
        fixed.performance_after := OLD.performance_after;
        fixed.success := OLD.success;
        fixed.result_model_id := OLD.result_model_id;
        fixed.window_start := OLD.window_start;
        fixed.window_end := OLD.window_end;
        fixed.finished_at := OLD.finished_at;
        fixed.note := OLD.note;
        IF fixed IS NOT DISTINCT FROM OLD THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION '% on adaptation_history refused: an adaptation is finished once and stays', TG_OP
        USING ERRCODE = 'CS001', HINT = 'Use `cryptoscalp adaptations finish` or `adaptations abandon`.';
END
$$;
