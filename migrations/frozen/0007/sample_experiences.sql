-- sample_experiences
-- Draws n experiences with replacement: a tier by its weight (the weight of an empty one goes to the others), one
-- in it by (priority + 1e-6) ^ alpha. weight is the importance weight at beta = 1 over the greatest of all:
-- raise it to beta. Refused (CS010): arguments that mean nothing, and a buffer that has nothing in these tiers.
-- Cost: one pass over the buffer's rows of replay_priorities, with 256 draws about 6 ms for 1,000 rows, 20 for
-- 10,000, 150 for 100,000 and 1,500 for 1,000,000.
CREATE OR REPLACE FUNCTION sample_experiences(
    tier_weights double precision[], n integer, alpha double precision DEFAULT 0.6, buffer text DEFAULT NULL)
RETURNS TABLE (draw integer, memory_id bigint, tier integer, probability double precision, weight double precision,
               "timestamp" timestamptz, state jsonb, action jsonb, reward double precision, next_state jsonb,
               terminal boolean, priority double precision)
LANGUAGE plpgsql VOLATILE SET search_path = public, pg_temp
-- Compiling the query takes longer than running it.
SET jit = off
AS $$
DECLARE
    chosen bigint;
BEGIN
    IF array_dims(tier_weights) IS DISTINCT FROM '[1:6]' OR EXISTS (
           SELECT FROM unnest(tier_weights) AS w WHERE w IS NULL OR NOT w >= 0 OR w IN ('NaN', 'Infinity'))
       OR NOT EXISTS (SELECT FROM unnest(tier_weights) AS w WHERE w > 0) THEN
        RAISE EXCEPTION 'tier_weights are six numbers from 0, not all 0, not %', tier_weights USING ERRCODE = 'CS010';
    ELSIF n IS NULL OR n < 1 THEN
        RAISE EXCEPTION 'n is %, and at least one experience is drawn', n USING ERRCODE = 'CS010';
    ELSIF alpha IS NULL OR NOT alpha >= 0 OR alpha IN ('NaN', 'Infinity') THEN
        RAISE EXCEPTION 'alpha is %, and it is a number from 0', alpha USING ERRCODE = 'CS010';
    END IF;
    SELECT min(b.buffer_id) INTO chosen FROM replay_buffers AS b WHERE b.name = buffer OR buffer IS NULL
    HAVING count(*) = 1;
    IF NOT FOUND THEN
        RAISE EXCEPTION '%', CASE WHEN buffer IS NULL THEN 'there is not exactly one replay buffer: name one'
                                  ELSE format('there is no replay buffer %L', buffer) END
            USING ERRCODE = 'CS011', HINT = '`cryptoscalp replay list` shows them.';
    END IF;
    RETURN QUERY
    WITH raised AS MATERIALIZED (
        SELECT r.memory_id AS id, r.tier AS level, power(r.priority + 1e-6, alpha) AS mass
        FROM replay_priorities AS r WHERE r.buffer_id = chosen AND tier_weights[r.tier] > 0
    ), levels AS (
        SELECT level, min(mass) AS least, tier_weights[level] / sum(tier_weights[level]) OVER () / sum(mass) AS factor
        FROM raised GROUP BY level
    ), tiers AS MATERIALIZED (
        SELECT array_agg(factor ORDER BY one.level) AS factors, min(least * factor) AS least
        FROM generate_series(1, 6) AS one (level) LEFT JOIN levels USING (level)
    ), laid AS (
        -- Each experience's part of [0, 1), by its end: a window's rows leave it in the order of its sums.
        SELECT id, sum(mass * (SELECT factors FROM tiers)[level]) OVER (ROWS UNBOUNDED PRECEDING) AS upper FROM raised
    ), ends AS MATERIALIZED (
        SELECT array_agg(upper) AS uppers, array_agg(id) AS ids, max(upper) AS last FROM laid
    ), drawn AS MATERIALIZED (
        -- The last end is 1 but for rounding: no point lies beyond it.
        SELECT k, ends.ids[1 + width_bucket(random() * ends.last, ends.uppers)] AS id
        FROM generate_series(1, n) AS k, ends WHERE ends.last IS NOT NULL
    )
    SELECT d.k, d.id, one.tier::integer, one.p, tiers.least / one.p, one.timestamp, one.state, one.action, one.reward,
           one.next_state, one.terminal, one.priority
    FROM drawn AS d CROSS JOIN tiers CROSS JOIN LATERAL (
        SELECT r.tier, r.priority, power(r.priority + 1e-6, alpha) * tiers.factors[r.tier] AS p,
               e.timestamp, e.state, e.action, e.reward, e.next_state, e.terminal
        FROM replay_priorities AS r JOIN experience_replay AS e USING (memory_id) WHERE r.memory_id = d.id
        OFFSET 0) AS one
    ORDER BY d.k;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no tier with a weight above 0 holds an experience: none can be drawn' USING ERRCODE = 'CS010';
    END IF;
END
$$;
