-- retire_model
-- Retires a version; where it is deployed its slot is empty then, and no rollback returns to it. A retired one
-- stays as it is.
CREATE OR REPLACE FUNCTION retire_model(p_model text, p_note text DEFAULT NULL) RETURNS model_versions
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    chosen  bigint := known_model_version(p_model);
    retired model_versions;
BEGIN
    PERFORM known_model(model_name) FROM model_versions WHERE model_id = chosen;
    SELECT * INTO retired FROM model_versions WHERE model_id = chosen;
    IF retired.status <> 'RETIRED' THEN
        retired := move_model_version(chosen, 'RETIRED', NULL, NULL, false, p_note);
    END IF;
    RETURN retired;
END
$$;
