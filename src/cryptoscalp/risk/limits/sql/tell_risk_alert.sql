-- tell_risk_alert
-- Writes an alert and notifies the channel cryptoscalp_risk, both with the commit of what it tells.
CREATE OR REPLACE FUNCTION tell_risk_alert(p_kind risk_alert_kind, p_portfolio_id bigint, p_level risk_level,
                                        p_breach_id bigint, p_message text, p_at timestamptz, p_more jsonb)
RETURNS void
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
DECLARE
    written bigint;
    named   text := (SELECT p.name FROM portfolios AS p WHERE p.portfolio_id = p_portfolio_id);
BEGIN
    PERFORM risk_alerts_in_order();
    INSERT INTO risk_alerts (timestamp, kind, portfolio_id, level, breach_id, message, payload)
    VALUES (p_at, p_kind, p_portfolio_id, p_level, p_breach_id, p_message,
            jsonb_build_object('portfolio', named) || p_more)
    RETURNING alert_id INTO written;
    -- A notification has room for 8,000 bytes: what is longer is read from the table.
    PERFORM pg_notify('cryptoscalp_risk', jsonb_build_object(
        'alert_id', written, 'kind', p_kind, 'portfolio', left(named, 200), 'level', p_level,
        'message', left(p_message, 400))::text);
END
$$;
