-- set_model_alias
-- Lets an alias of a model mean one of its versions from now on; the same again changes nothing.
CREATE OR REPLACE FUNCTION set_model_alias(p_alias text, p_model text, p_note text DEFAULT NULL) RETURNS model_aliases
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    chosen bigint := known_model_version(p_model);
    named  text := (SELECT model_name FROM model_versions WHERE model_id = chosen);
    made   model_aliases;
BEGIN
    IF coalesce(p_alias, '') !~ '^[A-Za-z][A-Za-z0-9_.-]*$' OR length(p_alias) > 100 THEN
        RAISE EXCEPTION '% is no alias: it begins with a letter and has letters, digits, _ . - only',
            quote_literal(coalesce(p_alias, '')) USING ERRCODE = 'CS010';
    END IF;
    PERFORM known_model(named), set_config('cryptoscalp.note', coalesce(p_note, ''), true);
    INSERT INTO model_aliases AS a (model_name, alias, model_id, set_at)
    VALUES (named, p_alias, chosen, clock_timestamp())
    ON CONFLICT (model_name, alias) DO UPDATE SET model_id = excluded.model_id, set_at = excluded.set_at
    WHERE a.model_id <> excluded.model_id;
    PERFORM set_config('cryptoscalp.note', '', true);
    SELECT * INTO made FROM model_aliases WHERE model_name = named AND alias = p_alias;
    RETURN made;
END
$$;
