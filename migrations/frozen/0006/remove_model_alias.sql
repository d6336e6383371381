-- remove_model_alias
-- Takes an alias of a model away; CS011 when there is none.
CREATE OR REPLACE FUNCTION remove_model_alias(p_model_name text, p_alias text, p_note text DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
    PERFORM known_model(p_model_name), set_config('cryptoscalp.note', coalesce(p_note, ''), true);
    DELETE FROM model_aliases WHERE model_name = p_model_name AND alias = p_alias;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'model % has no alias %', quote_literal(p_model_name), quote_literal(p_alias)
            USING ERRCODE = 'CS011';
    END IF;
    PERFORM set_config('cryptoscalp.note', '', true);
END
$$;
