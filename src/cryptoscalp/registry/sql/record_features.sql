-- record_features
-- Stores vectors of one set, all of them or none; returns how many came, were stored, and were there already
-- with the same content. The arrays hold one element a vector; p_values holds the vectors one after the
-- other. Refused (CS010): an unknown instrument (CS011), times that cannot be, numbers that are none, NULL
-- where the set does not allow it, another content under a stored key. The days' partitions are the caller's.
CREATE OR REPLACE FUNCTION record_features(
    p_feature_set_id bigint, p_symbols text[], p_exchanges text[], p_timestamps timestamptz[],
    p_available_at timestamptz[], p_values double precision[],
    OUT received bigint, OUT stored bigint, OUT duplicate bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
-- A plan made for arrays of any length would take them for short ones, and join row by row.
SET plan_cache_mode = force_custom_plan
AS $$
DECLARE
    names text[];
    width integer;
    latest CONSTANT timestamptz := clock_timestamp() + interval '10 minutes';
    wrong record;
BEGIN
    SELECT s.features, cardinality(s.features) INTO names, width FROM feature_sets AS s
    WHERE s.feature_set_id = p_feature_set_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no feature set %', coalesce(p_feature_set_id::text, 'NULL')
            USING ERRCODE = 'CS011', HINT = '`cryptoscalp features list` shows them.';
    END IF;
    received := cardinality(p_timestamps);
    IF (received, received, received, received * width) IS DISTINCT FROM
       (cardinality(p_symbols)::bigint, cardinality(p_exchanges)::bigint, cardinality(p_available_at)::bigint,
        cardinality(p_values)::bigint) THEN
        RAISE EXCEPTION 'feature vectors: % times, % symbols, % exchanges, % times of availability and % values of %'
                        ' features do not make rows', received, cardinality(p_symbols), cardinality(p_exchanges),
            cardinality(p_available_at), cardinality(p_values), width USING ERRCODE = 'CS010';
    END IF;

    SELECT n, format('%s on %s at %s', v.symbol, v.exchange, v.at) AS key, v.symbol IS NOT NULL
           AND v.exchange IS NOT NULL AND i.symbol IS NULL AS strange,
           CASE WHEN num_nulls(v.symbol, v.exchange, v.at, v.available_at) > 0
                THEN 'symbol, exchange, timestamp or available_at is missing'
                WHEN i.symbol IS NULL THEN 'no such instrument is registered'
                WHEN v.at < '2009-01-03 00:00:00+00' OR v.available_at > latest
                THEN format('the times %s and %s (available_at) lie before 2009-01-03 or in the future', v.at,
                            v.available_at)
                ELSE format('it cannot have been available at %s, before its own time', v.available_at) END AS fault
    INTO wrong
    FROM unnest(p_symbols, p_exchanges, p_timestamps, p_available_at)
         WITH ORDINALITY AS v (symbol, exchange, at, available_at, n)
    LEFT JOIN instruments AS i ON i.symbol = v.symbol AND i.exchange = v.exchange
    WHERE num_nulls(v.symbol, v.exchange, v.at, v.available_at, i.symbol) > 0
       OR v.at < '2009-01-03 00:00:00+00' OR v.available_at > latest OR v.available_at < v.at
    ORDER BY n LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'feature vector, row % (%): %', wrong.n, wrong.key, wrong.fault
            USING ERRCODE = CASE WHEN wrong.strange THEN 'CS011' ELSE 'CS010' END;
    END IF;
    SELECT (i - 1) / width + 1 AS n, names[(i - 1) % width + 1] AS feature, value INTO wrong
    FROM unnest(p_values) WITH ORDINALITY AS one (value, i)
    WHERE value IN ('NaN', 'Infinity', '-Infinity')
       OR value IS NULL AND names[(i - 1) % width + 1] NOT LIKE '%?'
    ORDER BY i LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'feature vector, row % (% on % at %): % is %', wrong.n, p_symbols[wrong.n],
            p_exchanges[wrong.n], p_timestamps[wrong.n], wrong.feature, coalesce(wrong.value::text, 'absent')
            USING ERRCODE = 'CS010', HINT = 'Values are numbers; only a feature whose name ends in ? may be absent.';
    END IF;

    INSERT INTO feature_vectors (timestamp, symbol, exchange, feature_set_id, features, available_at)
    SELECT at, symbol, exchange, p_feature_set_id, vector, available_at
    FROM unnest(p_symbols, p_exchanges, p_timestamps, p_available_at)
         WITH ORDINALITY AS v (symbol, exchange, at, available_at, n)
    JOIN (SELECT (i - 1) / width + 1 AS n, array_agg(value ORDER BY i) AS vector
          FROM unnest(p_values) WITH ORDINALITY AS one (value, i) GROUP BY 1) AS one USING (n)
    ORDER BY symbol, exchange, at ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS stored = ROW_COUNT;
    duplicate := received - stored;
    IF duplicate = 0 THEN
        RETURN;
    END IF;
    SELECT n, v.symbol, v.exchange, v.at, one.vector, v.available_at, f.features, f.available_at AS known_at
    INTO wrong
    FROM unnest(p_symbols, p_exchanges, p_timestamps, p_available_at)
         WITH ORDINALITY AS v (symbol, exchange, at, available_at, n)
    JOIN (SELECT (i - 1) / width + 1 AS n, array_agg(value ORDER BY i) AS vector
          FROM unnest(p_values) WITH ORDINALITY AS one (value, i) GROUP BY 1) AS one USING (n)
    CROSS JOIN LATERAL (
        SELECT s.features, s.available_at FROM feature_vectors AS s
        WHERE s.feature_set_id = p_feature_set_id AND s.symbol = v.symbol AND s.exchange = v.exchange
          AND s.timestamp = v.at LIMIT 1) AS f
    WHERE (f.features, f.available_at) IS DISTINCT FROM (one.vector, v.available_at) ORDER BY n LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'feature vector, row % (% on % at %): it is there with another content: %, available at %,'
                        ' not %, available at %', wrong.n, wrong.symbol, wrong.exchange, wrong.at, wrong.features,
            wrong.known_at, wrong.vector, wrong.available_at
            USING ERRCODE = 'CS010', HINT = 'Vectors are append-only; nothing of the batch was stored.';
    END IF;
END
$$;
