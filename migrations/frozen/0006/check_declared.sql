-- check_declared
-- Refuses (CS010) an object that is not of the declared schema: entries that are not declared, missing or of
-- another type. No schema: any object. A number without decimals is an integer, 3.0 too; null is no value.
CREATE OR REPLACE FUNCTION check_declared(p_schema jsonb, p_value jsonb, p_what text) RETURNS void
LANGUAGE plpgsql IMMUTABLE SET search_path = public, pg_temp
AS $$
DECLARE
    wrong text;
BEGIN
    IF jsonb_typeof(p_value) <> 'object' THEN
        RAISE EXCEPTION '% is %, not an object', p_what, jsonb_typeof(p_value) USING ERRCODE = 'CS010';
    END IF;
    IF p_schema IS NULL THEN
        RETURN;
    END IF;
    SELECT string_agg(problem, '; ' ORDER BY problem) INTO wrong
    FROM (
        SELECT CASE
                   WHEN declared.type IS NULL THEN format('%s is not declared', given.name)
                   WHEN declared.type = jsonb_typeof(given.value) THEN NULL
                   WHEN declared.type = 'integer' AND jsonb_typeof(given.value) = 'number'
                        AND (given.value #>> '{}')::numeric % 1 = 0 THEN NULL
                   ELSE format('%s is %s, declared %s', given.name, left(given.value::text, 40), declared.type)
               END AS problem
        FROM jsonb_each(coalesce(p_value, '{}')) AS given (name, value)
        CROSS JOIN LATERAL (SELECT coalesce(p_schema ->> given.name, p_schema ->> (given.name || '?')) AS type) AS declared
        UNION ALL
        SELECT format('%s is missing', name)
        FROM jsonb_object_keys(p_schema) AS name
        WHERE right(name, 1) <> '?' AND NOT coalesce(p_value, '{}') ? name
    ) AS problems;
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION '% differ from what is declared: %', p_what, wrong
            USING ERRCODE = 'CS010', HINT = 'Declared entries: ' || p_schema::text;
    END IF;
END
$$;
