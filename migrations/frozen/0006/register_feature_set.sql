-- register_feature_set
-- Declares the names of a feature vector in their order; one that ends in ? may be absent. The same names
-- again return what is stored, whatever it is called now. Refuses (CS010) names that are none, that are there
-- twice, or that a table of vectors needs for its own columns.
CREATE OR REPLACE FUNCTION register_feature_set(
    p_name text, p_features text[], p_description text DEFAULT NULL,
    OUT is_duplicate boolean, OUT registered feature_sets)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    wrong text;
    print bytea;
BEGIN
    IF coalesce(btrim(p_name), '') = '' THEN
        RAISE EXCEPTION 'a feature set needs a name' USING ERRCODE = 'CS010';
    ELSIF coalesce(cardinality(p_features), 0) = 0 OR array_ndims(p_features) <> 1 THEN
        RAISE EXCEPTION 'feature set % names no features', quote_literal(p_name) USING ERRCODE = 'CS010';
    END IF;
    SELECT coalesce(quote_literal(name), 'NULL') INTO wrong
    FROM unnest(p_features) WITH ORDINALITY AS one (name, n)
    WHERE name IS NULL OR name !~ '^[^[:cntrl:][:space:]]([^[:cntrl:]]*[^[:cntrl:][:space:]])?$'
       OR rtrim(name, '?') = '' OR name LIKE '%??' ORDER BY n LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'feature set %: % is no name of a feature', quote_literal(p_name), wrong
            USING ERRCODE = 'CS010', HINT = 'Write it without blanks around it, line ends, or a second ?.';
    END IF;
    SELECT quote_literal(rtrim(name, '?')) INTO wrong FROM unnest(p_features) WITH ORDINALITY AS one (name, n)
    GROUP BY rtrim(name, '?') HAVING count(*) > 1 ORDER BY min(n) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'feature set % names % twice', quote_literal(p_name), wrong USING ERRCODE = 'CS010';
    END IF;
    SELECT quote_literal(name) INTO wrong FROM unnest(p_features) AS name
    WHERE rtrim(name, '?') IN ('timestamp', 'symbol', 'exchange', 'available_at', 'features', 'features_at',
                               'model_id', 'horizon', 'prediction', 'actual') LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'feature set %: % is the name of a column that vectors are read with',
            quote_literal(p_name), wrong USING ERRCODE = 'CS010', HINT = 'Give the feature another name.';
    END IF;
    print := feature_fingerprint(p_features);
    INSERT INTO feature_sets (name, features, fingerprint, description)
    VALUES (p_name, p_features, print, p_description)
    ON CONFLICT (fingerprint) DO NOTHING RETURNING * INTO registered;
    is_duplicate := NOT FOUND;
    IF is_duplicate THEN
        SELECT s.* INTO registered FROM feature_sets AS s WHERE s.fingerprint = print;
    END IF;
END
$$;
