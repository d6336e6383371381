-- refuse_risk_change
-- What risk was said to be stays: reckoned again it is a further revision. Holds for everybody, the owner too.
CREATE OR REPLACE FUNCTION refuse_risk_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION '% on % refused: records of risk are append-only', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'CS001',
              HINT = 'To reckon again as of a moment run: cryptoscalp risk record PORTFOLIO --at TIME';
END
$$;
