-- first_switches
-- The switch of all portfolios, and one for each that is there already; none is halted.
INSERT INTO kill_switches (portfolio_id, changed_by)
SELECT NULL, session_user UNION ALL SELECT portfolio_id, session_user FROM portfolios
ON CONFLICT (portfolio_id) DO NOTHING;
