-- Drops what this revision made.
DROP TRIGGER portfolio_switched ON portfolios;
REVOKE SELECT ON portfolios FROM cryptoscalp_risk_officer;
-- Functions first: some return rows of the tables.
DROP FUNCTION record_alert_delivery, set_risk_limit, end_risk_limit, end_breaches, record_limit_checks, close_breach,
    limit_named, trading_state, resume_trading, halt_trading, set_kill_switch, switched_portfolio,
    keep_portfolio_switch, tell_risk_alert, risk_alerts_in_order;
DROP TABLE risk_alert_deliveries, risk_alerts, kill_switch_events, kill_switches, limit_breaches, risk_limits;
DROP FUNCTION keep_breach, keep_limit, refuse_limit_entry, refuse_limit_change;
DROP TYPE limit_metric, limit_action, breach_state, breach_end, switch_change, risk_alert_kind;
