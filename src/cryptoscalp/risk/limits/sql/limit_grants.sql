-- limit_grants
-- What the product's login may do with limits: read them, declare them, check them, halt. Only a risk
-- officer resumes: resume_trading() looks at who logged in, so that everybody else is told why not.
SELECT ours_alone();
GRANT SELECT ON risk_limits, limit_breaches, kill_switches, kill_switch_events, risk_alerts, risk_alert_deliveries
    TO cryptoscalp_app, cryptoscalp_capture, cryptoscalp_risk_officer;
GRANT EXECUTE ON FUNCTION
    set_risk_limit(limit_metric, text, text, text, text, numeric, numeric, numeric, numeric, interval, limit_action,
                   limit_action, timestamptz, text),
    end_risk_limit(bigint), record_limit_checks(bigint, timestamptz, bigint[], numeric[], text[]), end_breaches(),
    record_alert_delivery(bigint, text, text)
    TO cryptoscalp_app;
GRANT EXECUTE ON FUNCTION switched_portfolio(text), trading_state(text), halt_trading(text, text), resume_trading(text, text)
    TO cryptoscalp_app, cryptoscalp_risk_officer;
GRANT SELECT ON portfolios TO cryptoscalp_risk_officer;
