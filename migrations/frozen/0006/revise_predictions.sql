-- revise_predictions
-- Looks again at predictions that were resolved or given up, and records a revision of each whose outcome,
-- by what is stored now, is another one than was known last. Of those made since p_since (no later than the
-- earliest that matters) that lay open some time in [p_start, p_end), of one instrument or of all, in the
-- order of their key after p_after_...; at most p_limit. The predictions themselves never change.
-- Returns a row for each that was looked at; state is WAITING or COLD where nothing can be told now.
CREATE OR REPLACE FUNCTION revise_predictions(p_since timestamptz, p_start timestamptz, p_end timestamptz,
                                   p_limit integer, p_model_id bigint DEFAULT NULL, p_symbol text DEFAULT NULL,
                                   p_exchange text DEFAULT NULL, p_after_model_id bigint DEFAULT 0,
                                   p_after_symbol text DEFAULT '', p_after_exchange text DEFAULT '',
                                   p_after_timestamp timestamptz DEFAULT '-infinity',
                                   p_after_horizon interval DEFAULT '0')
RETURNS TABLE (model_id bigint, symbol text, exchange text, "timestamp" timestamptz, horizon interval,
               state text, revised boolean, detail text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC'
SET plan_cache_mode = force_custom_plan
AS $$
#variable_conflict use_column
DECLARE
    seen    record;
    known   record;
    outcome record;
    differs boolean;
BEGIN
    -- Two at once would record the same revision twice.
    PERFORM pg_advisory_xact_lock(hashtextextended('cryptoscalp revisions', 7));
    FOR seen IN
        SELECT p.*, m.target_price, m.target_kind, m.target_interval, m.target_reach, m.patience
        FROM (SELECT p.model_id, p.symbol, p.exchange, p.timestamp, p.horizon, p.due_at, p.resolution, p.actual,
                     p.reference, p.recorded_at
              FROM model_performance AS p
              WHERE p.resolution <> 'PENDING' AND p.timestamp >= p_since AND p.timestamp < p_end AND p.due_at >= p_start
                AND (p_model_id IS NULL OR p.model_id = p_model_id)
                AND (p_symbol IS NULL OR p.symbol = p_symbol) AND (p_exchange IS NULL OR p.exchange = p_exchange)
                AND p.model_id >= p_after_model_id
                AND (p.model_id, p.symbol::text, p.exchange::text, p.timestamp, p.horizon)
                    > (p_after_model_id, p_after_symbol, p_after_exchange, p_after_timestamp, p_after_horizon)
              ORDER BY p.model_id, p.symbol::text, p.exchange::text, p.timestamp, p.horizon
              LIMIT p_limit) AS p
        JOIN model_versions AS v ON v.model_id = p.model_id
        JOIN models AS m ON m.model_name = v.model_name
        ORDER BY p.model_id, p.symbol::text, p.exchange::text, p.timestamp, p.horizon
    LOOP
        SELECT * INTO outcome
        FROM prediction_outcome(seen.symbol, seen.exchange, seen.timestamp, seen.due_at, seen.target_price,
                                seen.target_kind, seen.target_interval, seen.target_reach, seen.patience,
                                seen.recorded_at);
        differs := false;
        IF outcome.state IN ('RESOLVED', 'UNRESOLVABLE') THEN
            SELECT r.new_resolution AS resolution, r.new_actual AS actual, r.new_reference AS reference INTO known
            FROM model_performance_revisions AS r
            WHERE r.model_id = seen.model_id AND r.symbol = seen.symbol AND r.exchange = seen.exchange
              AND r.timestamp = seen.timestamp AND r.horizon = seen.horizon
            ORDER BY r.revision_id DESC LIMIT 1;
            IF NOT FOUND THEN
                SELECT seen.resolution AS resolution, seen.actual AS actual, seen.reference AS reference INTO known;
            END IF;
            differs := (outcome.state, outcome.actual, outcome.reference)
                       IS DISTINCT FROM (known.resolution::text, known.actual, known.reference);
        END IF;
        IF differs THEN
            INSERT INTO model_performance_revisions (model_id, symbol, exchange, timestamp, horizon, old_resolution,
                                                     old_actual, old_reference, new_resolution, new_actual,
                                                     new_reference, detail)
            VALUES (seen.model_id, seen.symbol, seen.exchange, seen.timestamp, seen.horizon, known.resolution,
                    known.actual, known.reference, outcome.state::resolution_state, outcome.actual,
                    outcome.reference, CASE outcome.state WHEN 'UNRESOLVABLE' THEN outcome.detail END);
        END IF;
        RETURN QUERY SELECT seen.model_id, seen.symbol::text, seen.exchange::text, seen.timestamp, seen.horizon,
                            outcome.state, differs, outcome.detail;
    END LOOP;
END
$$;
