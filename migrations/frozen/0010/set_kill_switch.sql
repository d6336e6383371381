-- set_kill_switch
-- Turns a switch, of a portfolio or (NULL) of all, and records it; nothing where it is turned already and
-- for the same reason. A further reason to halt is recorded, the first one stays with the switch.
CREATE OR REPLACE FUNCTION set_kill_switch(p_portfolio_id bigint, p_halted boolean, p_reason text,
                                        p_breach_id bigint) RETURNS void
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
DECLARE
    standing kill_switches;
    named    text := (SELECT p.name FROM portfolios AS p WHERE p.portfolio_id = p_portfolio_id);
    done     switch_change := CASE WHEN p_halted THEN 'HALTED' ELSE 'RESUMED' END;
    moment   timestamptz;
BEGIN
    IF coalesce(btrim(p_reason), '') = '' THEN
        RAISE EXCEPTION 'say why trading is to be %', CASE WHEN p_halted THEN 'halted' ELSE 'resumed' END
            USING ERRCODE = 'CS010';
    END IF;
    PERFORM risk_alerts_in_order();
    SELECT * INTO standing FROM kill_switches AS k
    WHERE k.portfolio_id IS NOT DISTINCT FROM p_portfolio_id FOR UPDATE;
    IF NOT FOUND THEN
        INSERT INTO kill_switches (portfolio_id, halted, reason, changed_by)
        VALUES (p_portfolio_id, true, 'its switch was missing', session_user) RETURNING * INTO standing;
        standing.reason := NULL;
    ELSIF standing.halted = p_halted AND (standing.reason = p_reason OR NOT p_halted) THEN
        RETURN;
    END IF;
    moment := clock_timestamp();
    IF standing.halted <> p_halted OR standing.reason IS NULL THEN
        UPDATE kill_switches AS k
        SET halted = p_halted, reason = p_reason, changed_at = moment, changed_by = session_user,
            breach_id = p_breach_id
        WHERE k.switch_id = standing.switch_id;
    END IF;
    INSERT INTO kill_switch_events (timestamp, portfolio_id, event, reason, changed_by, breach_id)
    VALUES (moment, p_portfolio_id, done, p_reason, session_user, p_breach_id);
    PERFORM tell_risk_alert(
        done::text::risk_alert_kind, p_portfolio_id, CASE WHEN p_halted THEN 'CRITICAL'::risk_level END, p_breach_id,
        format('trading of %s is %s: %s', coalesce('portfolio ' || named, 'all portfolios'), lower(done::text),
               p_reason),
        moment, jsonb_build_object('reason', p_reason, 'changed_by', session_user));
END
$$;
