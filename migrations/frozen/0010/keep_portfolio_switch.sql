-- keep_portfolio_switch
-- Every portfolio has a switch of its own from its first moment on: one that is missing stops trading.
CREATE OR REPLACE FUNCTION keep_portfolio_switch() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
    INSERT INTO kill_switches (portfolio_id, changed_by) VALUES (NEW.portfolio_id, session_user);
    RETURN NULL;
END
$$;
