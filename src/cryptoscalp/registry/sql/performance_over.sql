-- How good a model version's predictions in [start, end) were, in one row; docs of the columns are those of
-- cryptoscalp.registry.performance_types.Performance. Without p_revised outcomes are those set first.
WITH picked AS (
    SELECT p.prediction, p.confidence, p.latency_ms, p.backfilled, r.revision_id IS NOT NULL AS was_revised,
           CASE WHEN %(revised)s THEN coalesce(r.new_resolution, p.resolution) ELSE p.resolution END AS resolution,
           CASE WHEN %(revised)s AND r.revision_id IS NOT NULL THEN r.new_actual ELSE p.actual END AS actual,
           CASE WHEN %(revised)s AND r.revision_id IS NOT NULL THEN r.new_reference ELSE p.reference END AS reference
    FROM model_performance AS p
    LEFT JOIN LATERAL (SELECT * FROM model_performance_revisions AS r
                       WHERE r.model_id = p.model_id AND r.symbol = p.symbol AND r.exchange = p.exchange
                         AND r.timestamp = p.timestamp AND r.horizon = p.horizon
                       ORDER BY r.revision_id DESC LIMIT 1) AS r ON true
    WHERE p.model_id = %(model_id)s AND p.timestamp >= %(start)s AND p.timestamp < %(end)s
      AND (%(symbol)s::text IS NULL OR p.symbol = %(symbol)s)
      AND (%(exchange)s::text IS NULL OR p.exchange = %(exchange)s)
), judged AS (
    -- A move of zero has no direction; what predicts one where there was one is wrong.
    SELECT picked.*, prediction - actual AS error,
           CASE WHEN resolution = 'RESOLVED' AND moved.really <> 0
                THEN (sign(moved.predicted) = sign(moved.really))::integer END AS is_right
    FROM picked CROSS JOIN LATERAL (
        SELECT CASE WHEN %(returns)s THEN prediction ELSE prediction - reference END AS predicted,
               CASE WHEN %(returns)s THEN actual ELSE actual - reference END AS really) AS moved
), bins AS (
    SELECT least(floor(confidence * 10), 9)::integer AS bin, count(*) AS predictions,
           avg(confidence) AS confidence, avg(is_right) AS share_right
    FROM judged WHERE is_right IS NOT NULL GROUP BY 1
), totals AS (
    -- PostgreSQL refuses a square that underflows: it is nothing.
    SELECT count(*) AS predictions, count(*) FILTER (WHERE resolution = 'RESOLVED') AS resolved,
           count(*) FILTER (WHERE resolution = 'PENDING') AS pending,
           count(*) FILTER (WHERE resolution = 'UNRESOLVABLE') AS unresolvable,
           count(*) FILTER (WHERE backfilled) AS backfilled, count(*) FILTER (WHERE was_revised) AS revised,
           avg(abs(error)) AS mean_absolute_error,
           sqrt(avg(CASE WHEN abs(error) > 1e-150 THEN error * error
                         WHEN error IS NOT NULL THEN 0 END)) AS root_mean_squared_error,
           avg(error) AS bias,
           count(is_right) AS directional,
           count(*) FILTER (WHERE resolution = 'RESOLVED' AND is_right IS NULL) AS unmoved,
           avg(is_right)::float8 AS directional_accuracy,
           avg(CASE WHEN abs(confidence - is_right) > 1e-150 THEN (confidence - is_right) * (confidence - is_right)
                    WHEN is_right IS NOT NULL THEN 0 END) AS brier_score,
           percentile_cont(ARRAY[0.5, 0.95, 0.99, 1]) WITHIN GROUP (ORDER BY latency_ms) AS latency
    FROM judged
)
SELECT t.predictions, t.resolved, t.pending, t.unresolvable, t.backfilled, t.revised, t.mean_absolute_error,
       t.root_mean_squared_error, t.bias, t.directional, t.unmoved, t.directional_accuracy, t.brier_score,
       (SELECT sum(b.predictions * abs(b.confidence - b.share_right)) / sum(b.predictions) FROM bins AS b)::float8,
       t.latency[1], t.latency[2], t.latency[3], t.latency[4],
       ARRAY(SELECT b.bin FROM bins AS b ORDER BY b.bin), ARRAY(SELECT b.predictions FROM bins AS b ORDER BY b.bin),
       ARRAY(SELECT b.confidence FROM bins AS b ORDER BY b.bin),
       ARRAY(SELECT b.share_right::float8 FROM bins AS b ORDER BY b.bin)
FROM totals AS t
