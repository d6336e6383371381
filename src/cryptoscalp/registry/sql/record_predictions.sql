-- record_predictions
-- Records predictions, all of them or none; returns how many came, were stored, and were there already with
-- the same content. The arrays hold one element a prediction; those of features may be NULL. Refused: an
-- unknown model or instrument (CS011); what prediction_fault() and prediction_untimely() say, and another
-- content under a stored key (CS010). The days' partitions are the caller's.
CREATE OR REPLACE FUNCTION record_predictions(
    p_model_ids bigint[], p_symbols text[], p_exchanges text[], p_timestamps timestamptz[], p_horizons interval[],
    p_predictions double precision[], p_confidences double precision[], p_latencies_ms double precision[],
    p_inputs_until timestamptz[], p_feature_set_ids bigint[] DEFAULT NULL, p_features_at timestamptz[] DEFAULT NULL,
    p_backfill boolean DEFAULT false, OUT received bigint, OUT stored bigint, OUT duplicate bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
-- A plan made for arrays of any length would take them for short ones, and join row by row.
SET plan_cache_mode = force_custom_plan
AS $$
DECLARE
    clock CONSTANT timestamptz := clock_timestamp();
    first_at timestamptz;
    last_at timestamptz;
    first_read timestamptz;
    last_read timestamptz;
    wrong record;
    other bigint;
BEGIN
    received := cardinality(p_timestamps);
    IF (cardinality(p_model_ids), cardinality(p_symbols), cardinality(p_exchanges), cardinality(p_horizons),
        cardinality(p_predictions), cardinality(p_confidences), cardinality(p_latencies_ms),
        cardinality(p_inputs_until), coalesce(cardinality(p_feature_set_ids), received),
        coalesce(cardinality(p_features_at), received)) IS DISTINCT FROM
       (received::int, received::int, received::int, received::int, received::int, received::int, received::int,
        received::int, received, received) THEN
        RAISE EXCEPTION 'predictions: the arrays are of different lengths' USING ERRCODE = 'CS010';
    END IF;

    -- Bounds that the plans are made with: they leave the days of the batch and no others.
    SELECT min(p.at), max(p.at), min(p.features_at), max(p.features_at)
    INTO first_at, last_at, first_read, last_read FROM unnest(p_timestamps, p_features_at) AS p (at, features_at);

    SELECT n, p.model_id, p.symbol, p.exchange, p.at, p.horizon, v.version IS NULL OR i.symbol IS NULL AS strange,
           coalesce(prediction_fault(v.version, i.symbol IS NOT NULL, p.at, p.horizon, p.prediction, p.confidence,
                                     p.latency_ms, p.inputs_until, v.feature_set_id, p.feature_set_id,
                                     s.feature_set_id IS NOT NULL, p.features_at, f.available_at, clock),
                    prediction_untimely(v.status, p.at + p.horizon, clock, p_backfill)) AS fault
    INTO wrong
    FROM unnest(p_model_ids, p_symbols, p_exchanges, p_timestamps, p_horizons, p_predictions, p_confidences,
                p_latencies_ms, p_inputs_until, p_feature_set_ids, p_features_at)
         WITH ORDINALITY AS p (model_id, symbol, exchange, at, horizon, prediction, confidence, latency_ms,
                               inputs_until, feature_set_id, features_at, n)
    LEFT JOIN model_versions AS v ON v.model_id = p.model_id
    LEFT JOIN instruments AS i ON i.symbol = p.symbol AND i.exchange = p.exchange
    LEFT JOIN feature_sets AS s ON s.feature_set_id = p.feature_set_id
    LEFT JOIN LATERAL (
        SELECT e.available_at FROM feature_vectors AS e
        WHERE e.feature_set_id = p.feature_set_id AND e.symbol = p.symbol AND e.exchange = p.exchange
          AND e.timestamp = p.features_at AND e.timestamp BETWEEN first_read AND last_read LIMIT 1) AS f
        ON p_features_at IS NOT NULL
    WHERE prediction_fault(v.version, i.symbol IS NOT NULL, p.at, p.horizon, p.prediction, p.confidence, p.latency_ms,
                           p.inputs_until, v.feature_set_id, p.feature_set_id, s.feature_set_id IS NOT NULL,
                           p.features_at, f.available_at, clock) IS NOT NULL
       -- What was recorded in time may be said again later.
       OR prediction_untimely(v.status, p.at + p.horizon, clock, p_backfill) IS NOT NULL
          AND (SELECT true FROM model_performance AS m
               WHERE m.model_id = p.model_id AND m.symbol = p.symbol AND m.exchange = p.exchange
                 AND m.timestamp = p.at AND m.timestamp BETWEEN first_at AND last_at
                 AND m.horizon = p.horizon LIMIT 1) IS NULL
    ORDER BY n LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'prediction, row % (model % for % on % at %, % ahead): %', wrong.n, wrong.model_id, wrong.symbol,
            wrong.exchange, wrong.at, wrong.horizon, wrong.fault
            USING ERRCODE = CASE WHEN wrong.strange THEN 'CS011' ELSE 'CS010' END;
    END IF;

    INSERT INTO model_performance (timestamp, model_version, symbol, prediction, confidence, latency_ms, exchange,
                                   model_id, horizon, due_at, inputs_until, feature_set_id, features_at, backfilled)
    SELECT p.at, v.version, p.symbol, p.prediction, p.confidence, p.latency_ms, p.exchange, p.model_id,
           make_interval(secs => extract(epoch FROM p.horizon)::double precision),
           p.at + make_interval(secs => extract(epoch FROM p.horizon)::double precision), p.inputs_until,
           p.feature_set_id, p.features_at,
           p.at + make_interval(secs => extract(epoch FROM p.horizon)::double precision) <= clock
    FROM unnest(p_model_ids, p_symbols, p_exchanges, p_timestamps, p_horizons, p_predictions, p_confidences,
                p_latencies_ms, p_inputs_until, p_feature_set_ids, p_features_at)
         AS p (model_id, symbol, exchange, at, horizon, prediction, confidence, latency_ms, inputs_until,
               feature_set_id, features_at)
    JOIN model_versions AS v ON v.model_id = p.model_id
    ORDER BY p.model_id, p.symbol, p.exchange, p.at, p.horizon ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS stored = ROW_COUNT;
    duplicate := received - stored;
    IF duplicate = 0 THEN
        RETURN;
    END IF;
    SELECT n, p.model_id, p.symbol, p.exchange, p.at, p.horizon,
           prediction_content(p.prediction, p.confidence, p.latency_ms, p.inputs_until, p.feature_set_id,
                              p.features_at) AS given,
           prediction_content(m.prediction, m.confidence, m.latency_ms, m.inputs_until, m.feature_set_id,
                              m.features_at) AS held
    INTO wrong
    FROM unnest(p_model_ids, p_symbols, p_exchanges, p_timestamps, p_horizons, p_predictions, p_confidences,
                p_latencies_ms, p_inputs_until, p_feature_set_ids, p_features_at)
         WITH ORDINALITY AS p (model_id, symbol, exchange, at, horizon, prediction, confidence, latency_ms,
                               inputs_until, feature_set_id, features_at, n)
    CROSS JOIN LATERAL (
        SELECT s.* FROM model_performance AS s
        WHERE s.model_id = p.model_id AND s.symbol = p.symbol AND s.exchange = p.exchange AND s.timestamp = p.at
          AND s.timestamp BETWEEN first_at AND last_at AND s.horizon = p.horizon LIMIT 1) AS m
    WHERE (m.prediction, m.confidence, m.latency_ms, m.inputs_until, m.feature_set_id, m.features_at)
          IS DISTINCT FROM
          (p.prediction, p.confidence, p.latency_ms, p.inputs_until, p.feature_set_id, p.features_at)
    ORDER BY n LIMIT 1;
    IF FOUND THEN
        SELECT p.n INTO other
        FROM unnest(p_model_ids, p_symbols, p_exchanges, p_timestamps, p_horizons, p_predictions, p_confidences,
                    p_latencies_ms, p_inputs_until, p_feature_set_ids, p_features_at)
             WITH ORDINALITY AS p (model_id, symbol, exchange, at, horizon, prediction, confidence, latency_ms,
                                   inputs_until, feature_set_id, features_at, n)
        WHERE (p.model_id, p.symbol, p.exchange, p.at, p.horizon)
              = (wrong.model_id, wrong.symbol, wrong.exchange, wrong.at, wrong.horizon)
          AND prediction_content(p.prediction, p.confidence, p.latency_ms, p.inputs_until, p.feature_set_id,
                                 p.features_at) = wrong.held
        ORDER BY p.n LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION 'prediction, rows % and % contradict each other (model % for % on % at %, % ahead): %; and %',
                wrong.n, other, wrong.model_id, wrong.symbol, wrong.exchange, wrong.at, wrong.horizon, wrong.given,
                wrong.held
                USING ERRCODE = 'CS010', HINT = 'One key has one content; nothing of the batch was stored.';
        END IF;
        RAISE EXCEPTION 'prediction, row % (model % for % on % at %, % ahead): it is there with another content: %; not %',
            wrong.n, wrong.model_id, wrong.symbol, wrong.exchange, wrong.at, wrong.horizon, wrong.held, wrong.given
            USING ERRCODE = 'CS010', HINT = 'Predictions are append-only; nothing of the batch was stored.';
    END IF;
END
$$;
