-- Drops what this revision made.
DROP FUNCTION record_risk, record_risk_backtest;
DROP TABLE risk_metrics, risk_backtests;
DROP FUNCTION refuse_risk_change, refuse_risk_entry;
DROP TYPE risk_level, risk_scope, var_estimator;
