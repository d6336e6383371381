-- risk_grants
-- What the product's login may do with risk: read it, and record it by the functions.
SELECT ours_alone();
GRANT SELECT ON risk_metrics, risk_backtests TO cryptoscalp_app, cryptoscalp_capture;
GRANT EXECUTE ON FUNCTION record_risk(text, jsonb), record_risk_backtest(text, jsonb) TO cryptoscalp_app;
