-- feature_fingerprint
-- What tells feature sets apart: SHA-256 over the names in UTF-8, in order, each followed by a newline.
CREATE OR REPLACE FUNCTION feature_fingerprint(p_features text[]) RETURNS bytea
LANGUAGE sql IMMUTABLE STRICT SET search_path = public, pg_temp
AS $$
    SELECT sha256(convert_to(string_agg(name || E'\n', '' ORDER BY n), 'UTF8'))
    FROM unnest(p_features) WITH ORDINALITY AS one (name, n)
$$;
