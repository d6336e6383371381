-- refuse_risk_entry
-- Records of risk are written by functions alone, which run as the owner; who else may write at all (a
-- superuser) is told the way.
CREATE OR REPLACE FUNCTION refuse_risk_entry() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
BEGIN
    IF current_user = 'cryptoscalp_owner' THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION '% on % refused: records of risk are written by functions', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'CS001', HINT = 'Call record_risk() or record_risk_backtest() instead.';
END
$$;
