-- Stored stress tests by time: of a portfolio, scenario and range where those are given, the last so many.
SELECT test_id, test_date, name, scenario_name, kind::text, base_currency::text, trim_scale(portfolio_value),
       trim_scale(loss_amount), loss_percentage, trim_scale(worst_loss_amount), recovery_time_minutes, risk_metrics,
       positions, scenario, encode(scenario_sha256, 'hex'), data_cut, reasons
FROM (
    SELECT r.*, p.name,
           row_number() OVER (PARTITION BY r.portfolio_id, r.scenario_name ORDER BY r.test_date DESC, r.test_id DESC)
               AS age
    FROM stress_test_results AS r JOIN portfolios AS p USING (portfolio_id)
    WHERE p.name = coalesce(%(portfolio)s, p.name) AND r.scenario_name = coalesce(%(scenario)s, r.scenario_name)
      AND r.test_date >= coalesce(%(start)s, '-infinity'::timestamptz)
      AND r.test_date < coalesce(%(end)s, 'infinity'::timestamptz)
    ORDER BY r.test_date DESC, r.test_id DESC) AS found
WHERE age = 1 OR NOT %(newest)s
ORDER BY test_date DESC, test_id DESC LIMIT %(limit)s
