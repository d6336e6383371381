-- limit_triggers
-- What limits, breaches, switches and alerts hold against every client.
CREATE OR REPLACE TRIGGER limit_kept BEFORE UPDATE ON risk_limits
    FOR EACH ROW EXECUTE FUNCTION keep_limit();
CREATE OR REPLACE TRIGGER breach_kept BEFORE UPDATE ON limit_breaches
    FOR EACH ROW EXECUTE FUNCTION keep_breach();
CREATE OR REPLACE TRIGGER limits_recorded BEFORE DELETE OR TRUNCATE ON risk_limits
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_limit_change();
CREATE OR REPLACE TRIGGER limits_recorded BEFORE DELETE OR TRUNCATE ON limit_breaches
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_limit_change();
CREATE OR REPLACE TRIGGER limits_recorded BEFORE DELETE OR TRUNCATE ON kill_switches
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_limit_change();
CREATE OR REPLACE TRIGGER limits_recorded BEFORE UPDATE OR DELETE OR TRUNCATE ON kill_switch_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_limit_change();
CREATE OR REPLACE TRIGGER limits_recorded BEFORE UPDATE OR DELETE OR TRUNCATE ON risk_alerts
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_limit_change();
CREATE OR REPLACE TRIGGER limits_recorded BEFORE DELETE OR TRUNCATE ON risk_alert_deliveries
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_limit_change();
CREATE OR REPLACE TRIGGER limits_ours_only BEFORE INSERT OR UPDATE ON risk_limits
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_limit_entry();
CREATE OR REPLACE TRIGGER limits_ours_only BEFORE INSERT OR UPDATE ON limit_breaches
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_limit_entry();
CREATE OR REPLACE TRIGGER limits_ours_only BEFORE INSERT OR UPDATE ON kill_switches
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_limit_entry();
CREATE OR REPLACE TRIGGER limits_ours_only BEFORE INSERT ON kill_switch_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_limit_entry();
CREATE OR REPLACE TRIGGER limits_ours_only BEFORE INSERT ON risk_alerts
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_limit_entry();
CREATE OR REPLACE TRIGGER limits_ours_only BEFORE INSERT OR UPDATE ON risk_alert_deliveries
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_limit_entry();
CREATE OR REPLACE TRIGGER portfolio_switched AFTER INSERT ON portfolios
    FOR EACH ROW EXECUTE FUNCTION keep_portfolio_switch();
