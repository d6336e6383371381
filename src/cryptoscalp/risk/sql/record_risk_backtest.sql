-- record_risk_backtest
-- Stores the outcome of a back-test of a portfolio's VaR (p_row: an object, a key each column); its number.
CREATE OR REPLACE FUNCTION record_risk_backtest(p_portfolio text, p_row jsonb)
RETURNS TABLE (backtest_id bigint, recorded_at timestamptz)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    account portfolios;
    came    risk_backtests := jsonb_populate_record(NULL::risk_backtests, p_row);
BEGIN
    SELECT * INTO account FROM portfolios WHERE name = p_portfolio;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no portfolio %', p_portfolio
            USING ERRCODE = 'CS011', HINT = 'See `cryptoscalp portfolio list`.';
    END IF;
    RETURN QUERY
    INSERT INTO risk_backtests (portfolio_id, scope, subject, estimator, confidence, horizon, lookback, start_time,
                                end_time, observations, exceptions, expected, skipped, transitions, kupiec, kupiec_p,
                                independence, independence_p, conditional, conditional_p, reasons)
    VALUES (account.portfolio_id, came.scope, came.subject, came.estimator, came.confidence, came.horizon,
            came.lookback, came.start_time, came.end_time, came.observations, came.exceptions, came.expected,
            came.skipped, came.transitions, came.kupiec, came.kupiec_p, came.independence, came.independence_p,
            came.conditional, came.conditional_p, came.reasons)
    RETURNING backtest_id, recorded_at;
END
$$;
