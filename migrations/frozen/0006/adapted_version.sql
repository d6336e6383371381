-- adapted_version
-- The model version of a number; CS011 when there is none.
CREATE OR REPLACE FUNCTION adapted_version(p_model_id bigint) RETURNS model_versions
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp
AS $$
DECLARE
    found_one model_versions;
BEGIN
    SELECT * INTO found_one FROM model_versions WHERE model_id = p_model_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no model version %', coalesce(p_model_id::text, 'without a number')
            USING ERRCODE = 'CS011', HINT = '`cryptoscalp models list` shows them.';
    END IF;
    RETURN found_one;
END
$$;
