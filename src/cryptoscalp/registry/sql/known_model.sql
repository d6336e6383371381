-- known_model
-- Locks a model by its name against other writers of its versions until the transaction ends, and returns it;
-- CS011 when there is none.
CREATE OR REPLACE FUNCTION known_model(p_model_name text) RETURNS models
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
DECLARE
    found_one models;
BEGIN
    SELECT * INTO found_one FROM models WHERE model_name = p_model_name FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no model %', quote_literal(p_model_name)
            USING ERRCODE = 'CS011', HINT = '`cryptoscalp models names` shows them.';
    END IF;
    RETURN found_one;
END
$$;
