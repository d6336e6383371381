-- refuse_limit_change
-- Limits, breaches, switches and alerts are a record: nothing is deleted, what is over stays as it was.
-- Holds for everybody, the owner too.
CREATE OR REPLACE FUNCTION refuse_limit_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION '% on % refused: limits, breaches, halts and alerts are a record', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'CS001',
              HINT = 'To change a limit run `cryptoscalp risk limits set`, to end it `cryptoscalp risk limits remove`.';
END
$$;
