-- Stored stress tests by time: of a portfolio, scenario and range where those are given, the last so many. The last
-- column is when the portfolio was traded or cashed last, where that was after its book was read.
WITH found AS (
    SELECT * FROM (
        SELECT r.*, p.name,
               row_number() OVER (PARTITION BY r.portfolio_id, r.scenario_name
                                  ORDER BY r.test_date DESC, r.test_id DESC) AS age
        FROM stress_test_results AS r JOIN portfolios AS p USING (portfolio_id)
        WHERE p.name = coalesce(%(portfolio)s, p.name) AND r.scenario_name = coalesce(%(scenario)s, r.scenario_name)
          AND r.test_date >= coalesce(%(start)s, '-infinity'::timestamptz)
          AND r.test_date < coalesce(%(end)s, 'infinity'::timestamptz)) AS every
    WHERE age = 1 OR NOT %(newest)s
    ORDER BY test_date DESC, test_id DESC LIMIT %(limit)s
), booked AS MATERIALIZED (
    -- The last row by number is the last that was written.
    SELECT portfolio_id, greatest(
               (SELECT t.recorded_at FROM trades AS t WHERE t.portfolio_id = one.portfolio_id
                ORDER BY t.trade_id DESC LIMIT 1),
               (SELECT c.recorded_at FROM cash_ledger AS c WHERE c.portfolio_id = one.portfolio_id
                ORDER BY c.entry_id DESC LIMIT 1)) AS at
    FROM (SELECT DISTINCT portfolio_id FROM found) AS one
)
SELECT test_id, test_date, name, scenario_name, kind::text, base_currency::text, trim_scale(portfolio_value),
       trim_scale(loss_amount), loss_percentage, trim_scale(worst_loss_amount), recovery_time_minutes, risk_metrics,
       positions, scenario, encode(scenario_sha256, 'hex'), data_cut, reasons,
       CASE WHEN booked.at > test_date THEN booked.at END
FROM found JOIN booked USING (portfolio_id)
ORDER BY test_date DESC, test_id DESC
