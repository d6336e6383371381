-- experience_fault
-- The first experience of a batch that cannot be stored, and why; NULL when all can.
CREATE OR REPLACE FUNCTION experience_fault(
    p_features text[], p_kind action_kind, p_width integer,
    p_timestamps timestamptz[], p_next_timestamps timestamptz[], p_tiers bigint[], p_states real[],
    p_actions double precision[], p_rewards double precision[], p_next_states real[],
    p_priorities double precision[], p_steps bigint[])
RETURNS text
LANGUAGE sql STABLE SET search_path = public, pg_temp
AS $$
    SELECT format('experience %s: %s', n, fault) FROM (
        SELECT (i - 1) / cardinality(p_features) + 1 AS n,
               format('%s %s is %s', which, p_features[(i - 1) % cardinality(p_features) + 1], coalesce(v::text, 'NULL'))
               AS fault
        FROM (SELECT 'state' AS which, v, i FROM unnest(p_states) WITH ORDINALITY AS one (v, i)
              UNION ALL
              SELECT 'next_state', v, i FROM unnest(p_next_states) WITH ORDINALITY AS one (v, i)) AS numbers
        WHERE v IS NULL OR v IN ('NaN', 'Infinity', '-Infinity')
        UNION ALL
        SELECT (i - 1) / p_width + 1, format('action is %s', coalesce(v::text, 'NULL'))
        FROM unnest(p_actions) WITH ORDINALITY AS one (v, i)
        WHERE v IS NULL OR v IN ('NaN', 'Infinity', '-Infinity')
           OR (p_kind = 'DISCRETE' AND (v <> trunc(v) OR abs(v) > 9007199254740992))
           OR (p_kind = 'CONTINUOUS' AND abs(v) > 3.4028234663852886e38)
        UNION ALL
        SELECT n, CASE
            WHEN at IS NULL OR next_at IS NULL OR at < '2009-01-03 00:00:00+00' OR next_at = 'infinity'
                THEN format('timestamp %s or next_timestamp %s is no moment, or before 2009-01-03', at, next_at)
            WHEN next_at <= at THEN format('next_timestamp %s is not later than timestamp %s', next_at, at)
            WHEN tier IS NULL OR tier NOT BETWEEN 1 AND 6 THEN format('tier %s is none of 1 to 6', tier)
            WHEN reward IS NULL OR reward IN ('NaN', 'Infinity', '-Infinity') THEN format('reward is %s', reward)
            WHEN step IS NULL OR step NOT BETWEEN 0 AND 2147483647 THEN format('step is %s', step)
            ELSE format('priority %s is not from 1e-60 to 1e60', priority) END
        FROM unnest(p_timestamps, p_next_timestamps, p_tiers, p_rewards, p_priorities, p_steps)
             WITH ORDINALITY AS one (at, next_at, tier, reward, priority, step, n)
        WHERE at IS NULL OR next_at IS NULL OR next_at <= at OR at < '2009-01-03 00:00:00+00' OR next_at = 'infinity'
           OR tier IS NULL OR tier NOT BETWEEN 1 AND 6
           OR reward IS NULL OR reward IN ('NaN', 'Infinity', '-Infinity')
           OR step IS NULL OR step NOT BETWEEN 0 AND 2147483647
           OR priority IS NULL OR priority NOT BETWEEN 1e-60 AND 1e60) AS wrong
    ORDER BY n LIMIT 1
$$;
