-- prediction_fault
-- What makes a prediction impossible, or NULL: the rules of record_prediction() and record_predictions(),
-- in one expression that is inlined there. Of the vector: what is stored of it, where it is.
CREATE OR REPLACE FUNCTION prediction_fault(
    p_version text, p_known boolean, p_timestamp timestamptz, p_horizon interval, p_prediction double precision,
    p_confidence double precision, p_latency_ms double precision, p_inputs_until timestamptz,
    p_declared_set bigint, p_feature_set_id bigint, p_set_known boolean, p_features_at timestamptz, p_available_at timestamptz,
    p_now timestamptz
) RETURNS text
LANGUAGE sql STABLE
AS $$
    SELECT CASE
        WHEN p_version IS NULL THEN 'there is no such model version'
        WHEN p_known IS NOT TRUE THEN 'no such instrument is registered'
        WHEN num_nulls(p_timestamp, p_horizon, p_prediction, p_confidence, p_latency_ms, p_inputs_until) > 0
            THEN 'timestamp, horizon, prediction, confidence, latency_ms or inputs_until is missing'
        WHEN NOT (p_prediction > -1e38 AND p_prediction < 1e38)
            THEN format('prediction %s is no price or return: a number between -1e38 and 1e38', p_prediction)
        WHEN NOT (p_confidence >= 0 AND p_confidence <= 1)
            THEN format('confidence %s lies outside of 0 to 1', p_confidence)
        WHEN NOT (p_latency_ms >= 0 AND p_latency_ms < 1e38)
            THEN format('latency_ms %s is no latency', p_latency_ms)
        WHEN p_horizon <= interval '0' OR p_horizon >= interval '10000 days' OR extract(month FROM p_horizon) <> 0
            THEN format('horizon %s must be above zero and below 10000 days, in days, hours and less', p_horizon)
        WHEN p_timestamp < '2009-01-03 00:00:00+00' OR p_timestamp > p_now + interval '10 minutes'
            THEN format('timestamp %s lies before 2009-01-03 or in the future', p_timestamp)
        WHEN NOT isfinite(p_inputs_until) OR NOT isfinite(p_features_at)
            THEN format('inputs_until %s or features_at %s is no moment', p_inputs_until, p_features_at)
        WHEN p_inputs_until > p_timestamp
            THEN format('its inputs reach to %s, after the decision at %s', p_inputs_until, p_timestamp)
        WHEN p_feature_set_id IS NULL AND p_features_at IS NOT NULL
            THEN format('features_at %s is given without the feature set', p_features_at)
        WHEN p_feature_set_id IS NOT NULL AND p_set_known IS NOT TRUE
            THEN format('there is no feature set %s', p_feature_set_id)
        WHEN p_declared_set <> p_feature_set_id
            THEN format('its features are of set %s, the model reads set %s', p_feature_set_id, p_declared_set)
        WHEN p_features_at > p_timestamp
            THEN format('its features are of %s, after the decision at %s', p_features_at, p_timestamp)
        WHEN p_features_at > p_inputs_until
            THEN format('its features are of %s, later than its inputs (inputs_until %s)', p_features_at,
                        p_inputs_until)
        WHEN p_available_at > p_timestamp
            THEN format('its features became available at %s, after the decision at %s', p_available_at, p_timestamp)
    END
$$;
