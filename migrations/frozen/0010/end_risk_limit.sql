-- end_risk_limit
-- Ends a limit now, with its open breaches; one that is over already stays so. CS011 for an unknown number.
CREATE OR REPLACE FUNCTION end_risk_limit(p_limit_id bigint) RETURNS risk_limits
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    declared risk_limits;
    one      limit_breaches;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('cryptoscalp risk limits', 7));
    UPDATE risk_limits AS l SET valid_until = greatest(now(), l.valid_from), ended_by = session_user
    WHERE l.limit_id = p_limit_id AND (l.valid_until IS NULL OR l.valid_until > now());
    SELECT * INTO declared FROM risk_limits AS l WHERE l.limit_id = p_limit_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no limit %', p_limit_id
            USING ERRCODE = 'CS011', HINT = 'cryptoscalp risk limits list shows them.';
    END IF;
    FOR one IN SELECT * FROM limit_breaches AS b WHERE b.limit_id = p_limit_id AND b.closed_at IS NULL
               ORDER BY b.breach_id LOOP
        PERFORM close_breach(one, declared, now(), 'LIMIT_ENDED');
    END LOOP;
    RETURN declared;
END
$$;
