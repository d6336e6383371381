-- prediction_content
-- What a prediction says, for the comparison with another one under its key and for messages.
CREATE OR REPLACE FUNCTION prediction_content(
    p_prediction double precision, p_confidence double precision, p_latency_ms double precision,
    p_inputs_until timestamptz, p_feature_set_id bigint, p_features_at timestamptz
) RETURNS text
LANGUAGE sql STABLE
AS $$
    SELECT format('prediction %s, confidence %s, latency_ms %s, inputs_until %s, feature set %s, features_at %s',
                  p_prediction, p_confidence, p_latency_ms, p_inputs_until, coalesce(p_feature_set_id::text, 'none'),
                  coalesce(p_features_at::text, 'none'))
$$;
