-- trading_state
-- Whether a portfolio may trade (NULL: whether the switch of all lets it), in one row. Whatever is missing
-- or unknown says no. A caller that gets no row, or an error, has to take it for a no as well.
CREATE OR REPLACE FUNCTION trading_state(p_portfolio text DEFAULT NULL,
                                      OUT may_trade boolean, OUT reason text, OUT since timestamptz, OUT scope text,
                                      OUT changed_by text)
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp
AS $$
DECLARE
    everywhere kill_switches;
    own        kill_switches;
    account    portfolios;
BEGIN
    may_trade := false;
    IF pg_is_in_recovery() THEN
        reason := 'this server is a standby, which may not know of a halt yet; ask the primary';
        RETURN;
    END IF;
    SELECT * INTO everywhere FROM kill_switches AS k WHERE k.portfolio_id IS NULL;
    IF NOT FOUND THEN
        reason := 'the kill switch of all portfolios is missing; run `cryptoscalp risk halt`, then `risk resume`';
        scope := 'all';
        RETURN;
    ELSIF everywhere.halted THEN
        reason := everywhere.reason;
        since := everywhere.changed_at;
        scope := 'all';
        changed_by := everywhere.changed_by;
        RETURN;
    ELSIF p_portfolio IS NULL THEN
        may_trade := true;
        since := everywhere.changed_at;
        RETURN;
    END IF;
    SELECT * INTO account FROM portfolios AS p WHERE p.name = p_portfolio;
    IF NOT FOUND THEN
        reason := format('there is no portfolio %s', quote_literal(p_portfolio));
        RETURN;
    ELSIF account.closed_at IS NOT NULL THEN
        reason := format('portfolio %s is closed', quote_literal(p_portfolio));
        since := account.closed_at;
        scope := 'portfolio';
        RETURN;
    END IF;
    SELECT * INTO own FROM kill_switches AS k WHERE k.portfolio_id = account.portfolio_id;
    IF NOT FOUND THEN
        reason := format('portfolio %s has no kill switch; run `cryptoscalp risk halt %s`, then `risk resume`',
                         quote_literal(p_portfolio), p_portfolio);
        scope := 'portfolio';
    ELSIF own.halted THEN
        reason := own.reason;
        since := own.changed_at;
        scope := 'portfolio';
        changed_by := own.changed_by;
    ELSE
        may_trade := true;
        since := greatest(own.changed_at, everywhere.changed_at);
    END IF;
END
$$;
