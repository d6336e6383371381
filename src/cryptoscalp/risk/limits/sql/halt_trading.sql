-- halt_trading
-- Stops trading in a portfolio, or (NULL) in all of them. Every role of the product may.
CREATE OR REPLACE FUNCTION halt_trading(p_portfolio text, p_reason text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
    PERFORM set_kill_switch(switched_portfolio(p_portfolio), true, p_reason, NULL);
END
$$;
