-- refuse_limit_entry
-- Only the functions of this subject write its tables. They run as the owner; who else may write at all (a
-- superuser) is told the way.
CREATE OR REPLACE FUNCTION refuse_limit_entry() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
BEGIN
    IF current_user = 'cryptoscalp_owner' THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION '% on % refused: it would not agree with breaches, switches and alerts', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'CS001',
              HINT = 'Call set_risk_limit(), record_limit_checks(), halt_trading() or resume_trading() instead.';
END
$$;
