-- record_model_metrics
-- Records the validation metrics of a version, in place of earlier ones, while it is TRAINING or VALIDATING.
CREATE OR REPLACE FUNCTION record_model_metrics(p_model text, p_metrics jsonb) RETURNS model_versions
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    chosen   bigint := known_model_version(p_model);
    recorded model_versions;
BEGIN
    IF p_metrics IS NULL THEN
        RAISE EXCEPTION 'no metrics are given for %', p_model USING ERRCODE = 'CS010';
    END IF;
    UPDATE model_versions SET performance_metrics = p_metrics WHERE model_id = chosen RETURNING * INTO recorded;
    RETURN recorded;
END
$$;
