-- state_template
-- What format() makes the JSON of a state of: {"name":%s,...}, the features in their order.
CREATE OR REPLACE FUNCTION state_template(p_features text[]) RETURNS text
LANGUAGE sql IMMUTABLE STRICT SET search_path = public, pg_temp
AS $$
    SELECT '{' || string_agg(replace(to_json(name)::text, '%', '%%') || ':%s', ',' ORDER BY n) || '}'
    FROM unnest(p_features) WITH ORDINALITY AS one (name, n)
$$;
