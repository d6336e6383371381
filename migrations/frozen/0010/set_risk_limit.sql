-- set_risk_limit
-- Declares a limit from now on. The one of the same metric and scope that holds is ended, with its breaches,
-- unless it is the same: then nothing changes. Impossible ones are refused (CS010, or a check).
CREATE OR REPLACE FUNCTION set_risk_limit(
    p_metric limit_metric, p_portfolio text, p_strategy text, p_symbol text, p_exchange text, p_medium numeric,
    p_high numeric, p_critical numeric, p_clear_ratio numeric, p_clear_after interval, p_action limit_action,
    p_unknown_action limit_action, p_valid_until timestamptz, p_note text)
RETURNS risk_limits
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    account  bigint := CASE WHEN p_portfolio IS NOT NULL THEN (known_portfolio(p_portfolio)).portfolio_id END;
    strategy bigint := known_strategy(p_strategy);
    standing risk_limits;
    declared risk_limits;
BEGIN
    IF p_valid_until <= now() THEN
        RAISE EXCEPTION 'a limit until %, which is over, would never hold', p_valid_until USING ERRCODE = 'CS010';
    ELSIF p_exchange IS NOT NULL AND NOT EXISTS (SELECT FROM exchanges AS e WHERE e.exchange_id = p_exchange) THEN
        RAISE EXCEPTION 'there is no exchange %', quote_literal(p_exchange) USING ERRCODE = 'CS011';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('cryptoscalp risk limits', 7));
    SELECT * INTO standing FROM risk_limits AS l
    WHERE l.metric = p_metric AND l.portfolio_id IS NOT DISTINCT FROM account
      AND l.strategy_id IS NOT DISTINCT FROM strategy AND l.symbol::text IS NOT DISTINCT FROM p_symbol
      AND l.exchange::text IS NOT DISTINCT FROM p_exchange AND (l.valid_until IS NULL OR l.valid_until > now())
    ORDER BY l.limit_id DESC LIMIT 1;
    IF FOUND THEN
        IF (standing.medium_at::numeric, standing.high_at::numeric, standing.critical_at::numeric, standing.clear_ratio,
            standing.clear_after, standing.action, standing.unknown_action, standing.valid_until, standing.note)
           IS NOT DISTINCT FROM (p_medium, p_high, p_critical, p_clear_ratio, p_clear_after, p_action, p_unknown_action,
                                 p_valid_until, p_note) THEN
            RETURN standing;
        END IF;
        PERFORM end_risk_limit(standing.limit_id);
    END IF;
    INSERT INTO risk_limits AS l (portfolio_id, strategy_id, symbol, exchange, metric, medium_at, high_at, critical_at,
                                  clear_ratio, clear_after, action, unknown_action, valid_from, valid_until,
                                  declared_by, note)
    VALUES (account, strategy, p_symbol, p_exchange, p_metric, p_medium, p_high, p_critical, p_clear_ratio,
            p_clear_after, p_action, p_unknown_action, now(), p_valid_until, session_user, p_note)
    RETURNING l.* INTO declared;
    RETURN declared;
END
$$;
