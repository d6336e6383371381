-- resolve_predictions
-- Resolves predictions that are due, by due_at, at most p_limit; those that another session is at are left
-- to it. p_after_... is the key of the last one seen, so that what has to wait is looked at once a run.
-- Returns a row for each that was looked at: what became of it, and why it could not be resolved.
CREATE OR REPLACE FUNCTION resolve_predictions(p_limit integer, p_model_id bigint DEFAULT NULL,
                                    p_after_due_at timestamptz DEFAULT '-infinity', p_after_model_id bigint DEFAULT 0,
                                    p_after_symbol text DEFAULT '', p_after_exchange text DEFAULT '',
                                    p_after_timestamp timestamptz DEFAULT '-infinity')
RETURNS TABLE (due_at timestamptz, model_id bigint, symbol text, exchange text, "timestamp" timestamptz,
               state text, reason text, detail text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC'
SET plan_cache_mode = force_custom_plan
AS $$
#variable_conflict use_column
DECLARE
    moment  constant timestamptz := now();
    due     record;
    outcome record;
BEGIN
    FOR due IN
        SELECT p.*, m.target_price, m.target_kind, m.target_interval, m.target_reach, m.patience
        FROM (SELECT p.due_at, p.model_id, p.symbol, p.exchange, p.timestamp, p.horizon, p.recorded_at
              FROM model_performance AS p
              WHERE p.resolution = 'PENDING' AND p.due_at <= moment AND p.timestamp < moment
                AND p.due_at >= p_after_due_at
                AND (p.due_at, p.model_id, p.symbol::text, p.exchange::text, p.timestamp)
                    > (p_after_due_at, p_after_model_id, p_after_symbol, p_after_exchange, p_after_timestamp)
                AND (p_model_id IS NULL OR p.model_id = p_model_id)
              ORDER BY p.due_at, p.model_id, p.symbol::text, p.exchange::text, p.timestamp
              LIMIT p_limit FOR NO KEY UPDATE SKIP LOCKED) AS p
        JOIN model_versions AS v ON v.model_id = p.model_id
        JOIN models AS m ON m.model_name = v.model_name
        ORDER BY p.due_at, p.model_id, p.symbol::text, p.exchange::text, p.timestamp
    LOOP
        SELECT * INTO outcome
        FROM prediction_outcome(due.symbol, due.exchange, due.timestamp, due.due_at, due.target_price, due.target_kind,
                                due.target_interval, due.target_reach, due.patience, due.recorded_at);
        IF outcome.state IN ('RESOLVED', 'UNRESOLVABLE') THEN
            UPDATE model_performance AS p
            SET actual = outcome.actual, reference = outcome.reference, resolved_at = moment,
                resolution = outcome.state::resolution_state,
                resolution_detail = CASE outcome.state WHEN 'UNRESOLVABLE' THEN outcome.detail END
            WHERE p.model_id = due.model_id AND p.symbol = due.symbol AND p.exchange = due.exchange
              AND p.timestamp = due.timestamp AND p.horizon = due.horizon;
        END IF;
        RETURN QUERY SELECT due.due_at, due.model_id, due.symbol::text, due.exchange::text, due.timestamp,
                            outcome.state, outcome.reason, outcome.detail;
    END LOOP;
END
$$;
