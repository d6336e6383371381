-- check_schema
-- Refuses (CS010) what is no declared schema: a flat JSON object of names and types. A name that ends in ?
-- may be absent; the same name with and without it is declared twice.
CREATE OR REPLACE FUNCTION check_schema(p_schema jsonb, p_what text) RETURNS void
LANGUAGE plpgsql IMMUTABLE SET search_path = public, pg_temp
AS $$
DECLARE
    wrong text;
BEGIN
    IF jsonb_typeof(p_schema) <> 'object' THEN
        RAISE EXCEPTION '% is %, not an object of names and types', p_what, jsonb_typeof(p_schema)
            USING ERRCODE = 'CS010';
    END IF;
    SELECT string_agg(format('%s: %s', name, type), ', ' ORDER BY name) INTO wrong
    FROM jsonb_each(p_schema) AS declared (name, type)
    WHERE type NOT IN ('"number"', '"integer"', '"string"', '"boolean"', '"array"', '"object"')
       OR name IN ('', '?') OR p_schema ? (name || '?');
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION '% cannot be declared: %', p_what, wrong
            USING ERRCODE = 'CS010', HINT = 'Each name has one of the types number, integer, string, boolean, array, '
                                            'object, and is declared once; a name that ends in ? may be absent.';
    END IF;
END
$$;
