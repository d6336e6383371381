-- known_model_version
-- Number (model_id) of the version that a reference means: name:3 (number) or name:label, name@alias, name (the
-- newest version), #17 (model_id). CS011 when there is none.
CREATE OR REPLACE FUNCTION known_model_version(p_reference text) RETURNS bigint
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp
AS $$
DECLARE
    parts     text[] := regexp_match(p_reference, '^([^:@#]+)(?:([:@])(.+))?$');
    found_one bigint;
BEGIN
    IF p_reference ~ '^#[0-9]{1,18}$' THEN
        SELECT model_id INTO found_one FROM model_versions WHERE model_id = substr(p_reference, 2)::bigint;
    ELSIF parts[2] IS NULL THEN
        SELECT model_id INTO found_one FROM model_versions WHERE model_name = parts[1]
        ORDER BY version_number DESC LIMIT 1;
    ELSIF parts[2] = '@' THEN
        SELECT model_id INTO found_one FROM model_aliases WHERE model_name = parts[1] AND alias = parts[3];
    ELSIF parts[3] ~ '^[0-9]{1,9}$' THEN
        SELECT model_id INTO found_one FROM model_versions
        WHERE model_name = parts[1] AND version_number = parts[3]::integer;
    ELSE
        SELECT model_id INTO found_one FROM model_versions WHERE model_name = parts[1] AND version = parts[3];
    END IF;
    IF found_one IS NULL THEN
        RAISE EXCEPTION 'there is no model version %', quote_literal(coalesce(p_reference, ''))
            USING ERRCODE = 'CS011', HINT = 'Write name:3, name:label, name@alias, name for its newest version, or '
                                            '#17 for a model_id; `cryptoscalp models list` shows them.';
    END IF;
    RETURN found_one;
END
$$;
