-- end_breaches
-- Ends open breaches whose limit holds no longer, or whose portfolio is closed; returns how many.
CREATE OR REPLACE FUNCTION end_breaches() RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    one   record;
    ended bigint := 0;
BEGIN
    PERFORM FROM limit_breaches AS b JOIN risk_limits AS l USING (limit_id) JOIN portfolios AS p ON p.portfolio_id = b.portfolio_id
    WHERE b.closed_at IS NULL AND (l.valid_until <= now() OR p.closed_at IS NOT NULL);
    IF NOT FOUND THEN
        RETURN 0;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('cryptoscalp risk limits', 7));
    FOR one IN
        SELECT b AS breach, l AS declared, l.valid_until <= now() AS is_over
        FROM limit_breaches AS b JOIN risk_limits AS l USING (limit_id)
        JOIN portfolios AS p ON p.portfolio_id = b.portfolio_id
        WHERE b.closed_at IS NULL AND (l.valid_until <= now() OR p.closed_at IS NOT NULL) ORDER BY b.breach_id
    LOOP
        PERFORM close_breach(one.breach, one.declared, now(),
                             CASE WHEN one.is_over THEN 'LIMIT_ENDED' ELSE 'PORTFOLIO_CLOSED' END::breach_end);
        ended := ended + 1;
    END LOOP;
    RETURN ended;
END
$$;
