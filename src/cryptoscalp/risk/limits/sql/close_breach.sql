-- close_breach
-- Ends a breach at a moment and tells it.
CREATE OR REPLACE FUNCTION close_breach(p_breach limit_breaches, p_limit risk_limits, p_at timestamptz,
                                     p_cause breach_end) RETURNS void
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
BEGIN
    UPDATE limit_breaches AS b
    SET state = 'CLOSED', closed_at = greatest(p_at, b.checked_at), close_cause = p_cause
    WHERE b.breach_id = p_breach.breach_id;
    PERFORM tell_risk_alert(
        'BREACH_CLOSED', p_breach.portfolio_id, p_breach.level, p_breach.breach_id,
        format('%s of portfolio %s: the breach of %s is over: %s', limit_named(p_limit),
               (SELECT p.name FROM portfolios AS p WHERE p.portfolio_id = p_breach.portfolio_id),
               to_char(p_breach.opened_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
               CASE p_cause WHEN 'CLEARED' THEN 'the value is back' WHEN 'LIMIT_ENDED' THEN 'the limit holds no longer'
                            ELSE 'the portfolio is closed' END),
        greatest(p_at, p_breach.checked_at),
        jsonb_build_object('breach_id', p_breach.breach_id, 'limit_id', p_breach.limit_id, 'metric', p_limit.metric,
                           'close_cause', p_cause));
END
$$;
