-- measure_pairs
-- Two versions measured on the same predictions: those that both made for the same symbol, exchange, decision
-- and horizon in [p_start, p_end), both resolved. Direction is that of the price from the decision on; it is
-- judged where the price moved, and confidence (the probability that the direction is right) by Brier's
-- score, the mean of (confidence - right)^2 (Brier, Monthly Weather Review 78, 1950). A document each: count,
-- mean_absolute_error, root_mean_squared_error, directional_accuracy, brier, moved.
CREATE OR REPLACE FUNCTION measure_pairs(
    p_before bigint, p_after bigint, p_start timestamptz, p_end timestamptz,
    OUT performance_before jsonb, OUT performance_after jsonb)
LANGUAGE sql STABLE SET search_path = public, pg_temp
AS $$
    WITH rule AS (
        SELECT target_kind = 'RETURN' AS is_return FROM models JOIN model_versions USING (model_name)
        WHERE model_id = p_before
    ), pairs AS (
        SELECT b.prediction AS b_prediction, b.actual AS b_actual, b.reference AS b_reference,
               b.confidence AS b_confidence, a.prediction AS a_prediction, a.actual AS a_actual,
               a.reference AS a_reference, a.confidence AS a_confidence, is_return
        FROM rule, model_performance AS b JOIN model_performance AS a USING (symbol, exchange, timestamp, horizon)
        WHERE b.model_id = p_before AND a.model_id = p_after AND b.resolution = 'RESOLVED'
          AND a.resolution = 'RESOLVED' AND timestamp >= p_start AND timestamp < p_end
          AND b.timestamp >= p_start AND b.timestamp < p_end AND a.timestamp >= p_start AND a.timestamp < p_end
    ), judged AS (
        SELECT is_after, prediction - actual AS error, confidence, moved,
               CASE WHEN moved <> 0 THEN (sign(said) = sign(moved))::int END AS was_right
        FROM (SELECT is_after, prediction, actual, confidence,
                     CASE WHEN is_return THEN actual ELSE actual - reference END AS moved,
                     CASE WHEN is_return THEN prediction ELSE prediction - reference END AS said
              FROM pairs, LATERAL (VALUES (false, b_prediction, b_actual, b_reference, b_confidence),
                                          (true, a_prediction, a_actual, a_reference, a_confidence))
                          AS one (is_after, prediction, actual, reference, confidence)) AS each
    ), measured AS (
        SELECT is_after, jsonb_build_object(
                   'count', count(*), 'mean_absolute_error', avg(abs(error)),
                   'root_mean_squared_error', sqrt(avg(error * error)), 'moved', count(was_right),
                   'directional_accuracy', avg(was_right::double precision),
                   'brier', avg((confidence - was_right) ^ 2)) AS found
        FROM judged GROUP BY is_after
    )
    SELECT (SELECT found FROM measured WHERE NOT is_after), (SELECT found FROM measured WHERE is_after);
$$;
