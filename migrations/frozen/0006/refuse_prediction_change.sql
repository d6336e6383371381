-- refuse_prediction_change
-- A prediction changes once, when its outcome becomes known; a feature vector never does. A row trigger:
-- it holds on the partitions and chunks too.
CREATE OR REPLACE FUNCTION refuse_prediction_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
DECLARE
    compared model_performance;
BEGIN
    IF TG_OP = 'UPDATE' AND TG_ARGV[0] = 'model_performance' AND current_user = 'cryptoscalp_owner' THEN
        -- Within: a vector has no column of this name.
        IF OLD.resolution = 'PENDING' THEN
            compared := NEW;
            compared.actual := OLD.actual;
            compared.reference := OLD.reference;
            compared.resolution := OLD.resolution;
            compared.resolved_at := OLD.resolved_at;
            compared.resolution_detail := OLD.resolution_detail;
            IF compared IS NOT DISTINCT FROM OLD THEN
                RETURN NEW;
            END IF;
        END IF;
    END IF;
    RAISE EXCEPTION '% on % refused: it is append-only, and an outcome is set once', TG_OP, TG_ARGV[0]
        USING ERRCODE = 'CS001', HINT = 'What late ticks would change is recorded in model_performance_revisions.';
END
$$;
