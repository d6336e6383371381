-- record_stress_test
-- Stores a stress test; where that of the portfolio, scenario and moment is there, it stays. The percentage and
-- the hash of the scenario's text are reckoned here, so that a row never contradicts itself. A closed portfolio
-- takes none (CS010), an unknown one neither (CS011).
CREATE OR REPLACE FUNCTION record_stress_test(
    p_portfolio_id bigint, p_test_date timestamptz, p_kind stress_kind, p_scenario text, p_base_currency text,
    p_portfolio_value numeric, p_loss_amount numeric, p_worst_loss_amount numeric, p_recovery_time_minutes integer,
    p_risk_metrics jsonb, p_positions jsonb, p_reasons jsonb, p_data_cut timestamptz)
RETURNS stress_test_results
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    account portfolios;
    made    stress_test_results;
BEGIN
    SELECT * INTO account FROM portfolios WHERE portfolio_id = p_portfolio_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no portfolio %', p_portfolio_id USING ERRCODE = 'CS011';
    END IF;
    IF account.closed_at IS NOT NULL OR account.base_currency <> p_base_currency THEN
        RAISE EXCEPTION 'stress test of portfolio % refused: %', account.name,
            (CASE WHEN account.closed_at IS NOT NULL THEN 'it is closed'
                  ELSE format('it is valued in %s, not in %s', account.base_currency, p_base_currency) END)
            USING ERRCODE = 'CS010';
    END IF;
    INSERT INTO stress_test_results (
        test_date, scenario_name, portfolio_value, loss_amount, loss_percentage, recovery_time_minutes, risk_metrics,
        portfolio_id, base_currency, kind, worst_loss_amount, scenario, scenario_sha256, positions, reasons, data_cut)
    VALUES (
        p_test_date, p_scenario::jsonb ->> 'name', p_portfolio_value, p_loss_amount,
        CASE WHEN p_portfolio_value > 0 THEN (p_loss_amount / p_portfolio_value * 100)::double precision END,
        p_recovery_time_minutes, p_risk_metrics, p_portfolio_id, p_base_currency, p_kind, p_worst_loss_amount,
        p_scenario::jsonb, sha256(convert_to(p_scenario, 'UTF8')), p_positions, p_reasons, p_data_cut)
    ON CONFLICT (portfolio_id, scenario_name, test_date) DO NOTHING
    RETURNING * INTO made;
    IF NOT FOUND THEN
        SELECT * INTO made FROM stress_test_results
        WHERE portfolio_id = p_portfolio_id AND scenario_name = p_scenario::jsonb ->> 'name'
          AND test_date = p_test_date;
    END IF;
    RETURN made;
END
$$;
