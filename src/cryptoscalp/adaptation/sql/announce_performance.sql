-- announce_performance
-- Announces PERFORMANCE for each DEPLOYED version, symbol and exchange whose mean absolute error over the
-- predictions of the last hour exceeds p_factor times that of the seven days before it; both need p_least
-- resolved predictions. At most one event an hour each. Returns the events.
CREATE OR REPLACE FUNCTION announce_performance(p_factor double precision, p_least bigint)
RETURNS SETOF adaptation_events
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    hour  CONSTANT timestamptz := now() - interval '1 hour';
    week  CONSTANT timestamptz := now() - interval '7 days 1 hour';
    worse record;
BEGIN
    IF p_factor IS NULL OR NOT (p_factor > 0 AND p_factor < 'Infinity') OR p_least IS NULL OR p_least < 1 THEN
        RAISE EXCEPTION 'check refused: the factor must be above zero, and at least one prediction be asked for'
            USING ERRCODE = 'CS010';
    END IF;
    -- Before the statement below looks for earlier events: two checks at once announce one.
    PERFORM pg_advisory_xact_lock(hashtextextended('cryptoscalp performance events', 7));
    FOR worse IN
        SELECT m.*
        FROM (SELECT p.model_id, p.symbol, p.exchange,
                     count(*) FILTER (WHERE p.timestamp >= hour) AS predictions,
                     avg(abs(p.prediction - p.actual)) FILTER (WHERE p.timestamp >= hour) AS mean_absolute_error,
                     count(*) FILTER (WHERE p.timestamp < hour) AS predictions_before,
                     avg(abs(p.prediction - p.actual)) FILTER (WHERE p.timestamp < hour) AS mean_absolute_error_before
              FROM model_performance AS p JOIN model_versions AS v USING (model_id)
              WHERE v.status = 'DEPLOYED' AND p.resolution = 'RESOLVED' AND p.timestamp >= week
              GROUP BY p.model_id, p.symbol, p.exchange) AS m
        WHERE m.predictions >= p_least AND m.predictions_before >= p_least
          AND m.mean_absolute_error > p_factor * m.mean_absolute_error_before
          AND NOT EXISTS (SELECT FROM adaptation_events AS e
                          WHERE e.model_id = m.model_id AND e.kind = 'PERFORMANCE' AND e.symbol = m.symbol
                            AND e.exchange = m.exchange AND e.timestamp > hour)
        ORDER BY m.model_id, m.symbol, m.exchange
    LOOP
        RETURN QUERY SELECT * FROM announce('PERFORMANCE', worse.model_id, worse.symbol, worse.exchange,
            to_jsonb(worse) - '{model_id,symbol,exchange}'::text[] || jsonb_build_object('factor', p_factor));
    END LOOP;
END
$$;
