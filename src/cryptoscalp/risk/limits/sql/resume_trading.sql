-- resume_trading
-- Lets trading go on in a portfolio, or (NULL) turns the switch of all of them; those of single portfolios
-- stay as they are. Only who logged in as a member of cryptoscalp_risk_officer may; a superuser is one.
CREATE OR REPLACE FUNCTION resume_trading(p_portfolio text, p_reason text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
    -- Not current_user, which is the owner here; and no SET ROLE changes who logged in.
    IF NOT pg_has_role(session_user, 'cryptoscalp_risk_officer', 'MEMBER') THEN
        RAISE EXCEPTION '% may not resume trading', session_user
            USING ERRCODE = '42501',
                  HINT = format('A member of cryptoscalp_risk_officer may. To make one: GRANT cryptoscalp_risk_officer'
                                ' TO a login of a person, not of a bot.');
    END IF;
    PERFORM set_kill_switch(switched_portfolio(p_portfolio), false, p_reason, NULL);
END
$$;
