-- watch_drift
-- Declares a drift detector; the same again returns it, other parameters are refused (CS010) while it watches.
-- p_since: only observations after it count; NULL for all that are stored.
CREATE OR REPLACE FUNCTION watch_drift(
    p_model_id bigint, p_symbol text, p_exchange text, p_signal drift_signal, p_feature text,
    p_algorithm drift_algorithm, p_parameters jsonb, p_since timestamptz)
RETURNS drift_detectors
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    version  model_versions := adapted_version(p_model_id);
    detector drift_detectors;
BEGIN
    IF p_signal IS NULL OR p_algorithm IS NULL OR jsonb_typeof(p_parameters) IS DISTINCT FROM 'object'
       OR (p_signal = 'FEATURE') <> (p_feature IS NOT NULL) OR NOT isfinite(coalesce(p_since, now())) THEN
        RAISE EXCEPTION 'detector refused: it needs a signal, an algorithm with its parameters, and a feature'
                        ' if that is the signal' USING ERRCODE = 'CS010';
    END IF;
    PERFORM FROM instruments WHERE symbol = p_symbol AND exchange = p_exchange;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'nothing is stored for % on %', p_symbol, p_exchange
            USING ERRCODE = 'CS011', HINT = '`cryptoscalp instruments list` shows what is.';
    END IF;
    IF p_signal = 'FEATURE' THEN
        PERFORM FROM feature_sets AS f
        WHERE f.feature_set_id = version.feature_set_id AND f.features && ARRAY[p_feature, p_feature || '?'];
        IF NOT FOUND THEN
            RAISE EXCEPTION 'model % version % reads no feature %', version.model_name, version.version,
                quote_literal(p_feature) USING ERRCODE = 'CS011',
                HINT = 'Name one of the feature set that the version was registered with.';
        END IF;
    END IF;
    INSERT INTO drift_detectors (model_id, symbol, exchange, signal, feature, algorithm, parameters, position_at,
                                 position_key, since_at, since_key)
    SELECT p_model_id, p_symbol, p_exchange, p_signal, p_feature, p_algorithm, p_parameters, p_since, key, p_since, key
    FROM (SELECT CASE WHEN p_since IS NOT NULL THEN '' END) AS start (key)
    ON CONFLICT (model_id, symbol, exchange, signal, feature, algorithm) WHERE stopped_at IS NULL DO NOTHING
    RETURNING * INTO detector;
    IF FOUND THEN
        RETURN detector;
    END IF;
    SELECT d.* INTO STRICT detector FROM drift_detectors AS d
    WHERE d.model_id = p_model_id AND d.symbol = p_symbol AND d.exchange = p_exchange AND d.signal = p_signal
      AND d.feature IS NOT DISTINCT FROM p_feature AND d.algorithm = p_algorithm AND d.stopped_at IS NULL;
    IF detector.parameters <> p_parameters THEN
        RAISE EXCEPTION 'detector % watches that with other parameters: %', detector.detector_id, detector.parameters
            USING ERRCODE = 'CS010', HINT = 'Stop it first: cryptoscalp drift stop.';
    END IF;
    RETURN detector;
END
$$;
