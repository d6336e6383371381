-- record_prediction
-- Records one prediction by the rules of record_predictions(), with as few look-ups as they allow: a decision
-- waits for it. The features' set is given by its number or its fingerprint. The same again changes nothing.
CREATE OR REPLACE FUNCTION record_prediction(
    p_model_id bigint, p_symbol text, p_exchange text, p_timestamp timestamptz, p_horizon interval,
    p_prediction double precision, p_confidence double precision, p_latency_ms double precision,
    p_inputs_until timestamptz, p_feature_set_id bigint DEFAULT NULL, p_features_at timestamptz DEFAULT NULL,
    p_fingerprint bytea DEFAULT NULL, p_backfill boolean DEFAULT false,
    OUT is_duplicate boolean, OUT model_version text, OUT due_at timestamptz, OUT backfilled boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    clock CONSTANT timestamptz := clock_timestamp();
    span interval;
    status model_status;
    declared bigint;
    known boolean;
    set_id bigint := p_feature_set_id;
    set_known boolean;
    available timestamptz;
    fault text;
    held model_performance;
BEGIN
    SELECT v.version, v.status, v.feature_set_id,
           EXISTS (SELECT FROM instruments AS i WHERE i.symbol = p_symbol AND i.exchange = p_exchange)
    INTO model_version, status, declared, known FROM model_versions AS v WHERE v.model_id = p_model_id;
    IF p_fingerprint IS NOT NULL THEN
        SELECT s.feature_set_id INTO set_id FROM feature_sets AS s WHERE s.fingerprint = p_fingerprint;
        IF NOT FOUND OR set_id <> p_feature_set_id THEN
            RAISE EXCEPTION 'prediction (model % for % on % at %): no feature set has the fingerprint %', p_model_id,
                p_symbol, p_exchange, p_timestamp, encode(p_fingerprint, 'hex') USING ERRCODE = 'CS011';
        END IF;
    END IF;
    IF set_id IS NOT NULL THEN
        set_known := set_id = declared;
        IF set_known IS NOT TRUE THEN
            set_known := EXISTS (SELECT FROM feature_sets AS s WHERE s.feature_set_id = set_id);
        END IF;
        IF p_features_at IS NOT NULL THEN
            -- EXECUTE: planned for this very day. A kept plan would lock every day that there is.
            EXECUTE 'SELECT available_at FROM feature_vectors WHERE feature_set_id = $1 AND symbol = $2'
                    ' AND exchange = $3 AND timestamp = $4'
                INTO available USING set_id, p_symbol, p_exchange, p_features_at;
        END IF;
    END IF;
    fault := prediction_fault(model_version, known, p_timestamp, p_horizon, p_prediction, p_confidence, p_latency_ms,
                              p_inputs_until, declared, set_id, set_known, p_features_at, available, clock);
    IF fault IS NULL THEN
        span := make_interval(secs => extract(epoch FROM p_horizon)::double precision);
        due_at := p_timestamp + span;
        backfilled := due_at <= clock;
        fault := prediction_untimely(status, due_at, clock, p_backfill);
        IF fault IS NULL THEN
            INSERT INTO model_performance (
                timestamp, model_version, symbol, prediction, confidence, latency_ms, exchange, model_id, horizon,
                due_at, inputs_until, feature_set_id, features_at, backfilled)
            VALUES (p_timestamp, record_prediction.model_version, p_symbol, p_prediction, p_confidence, p_latency_ms,
                    p_exchange, p_model_id, span, record_prediction.due_at, p_inputs_until, set_id, p_features_at,
                    record_prediction.backfilled)
            ON CONFLICT DO NOTHING;
            is_duplicate := NOT FOUND;
            IF NOT is_duplicate THEN
                RETURN;
            END IF;
        END IF;
        -- It is there, or comes too late: what was recorded in time may be said again.
        EXECUTE 'SELECT * FROM model_performance WHERE model_id = $1 AND symbol = $2 AND exchange = $3'
                ' AND timestamp = $4 AND horizon = $5'
            INTO held USING p_model_id, p_symbol, p_exchange, p_timestamp, span;
        is_duplicate := held.model_id IS NOT NULL;
        IF is_duplicate THEN
            IF (held.prediction, held.confidence, held.latency_ms, held.inputs_until, held.feature_set_id,
                held.features_at) IS NOT DISTINCT FROM
               (p_prediction, p_confidence, p_latency_ms, p_inputs_until, set_id, p_features_at) THEN
                backfilled := held.backfilled;
                RETURN;
            END IF;
            fault := format('it is there with another content: %s; not %s',
                            prediction_content(held.prediction, held.confidence, held.latency_ms, held.inputs_until,
                                               held.feature_set_id, held.features_at),
                            prediction_content(p_prediction, p_confidence, p_latency_ms, p_inputs_until, set_id,
                                               p_features_at));
        END IF;
    END IF;
    RAISE EXCEPTION 'prediction (model % for % on % at %, % ahead): %', p_model_id, p_symbol, p_exchange, p_timestamp,
        p_horizon, fault
        USING ERRCODE = CASE WHEN model_version IS NULL OR NOT known THEN 'CS011' ELSE 'CS010' END;
END
$$;
