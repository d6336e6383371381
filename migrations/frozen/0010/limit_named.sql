-- limit_named
-- A limit as messages name it: its metric, and the part of the portfolio that it is about.
CREATE OR REPLACE FUNCTION limit_named(p_limit risk_limits) RETURNS text
LANGUAGE sql STABLE SET search_path = public, pg_temp
AS $$
    SELECT concat(p_limit.metric, CASE WHEN p_limit.strategy_id IS NOT NULL THEN ' of strategy ' END,
                  (SELECT s.name FROM strategies AS s WHERE s.strategy_id = p_limit.strategy_id),
                  ' of ' || p_limit.symbol::text, ' on ' || p_limit.exchange::text);
$$;
