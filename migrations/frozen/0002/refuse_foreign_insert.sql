-- Mark prices and funding rates come in through the product's writer only: nothing follows from them
-- that a trigger could keep exact, and their batch has to account for them.
CREATE OR REPLACE FUNCTION refuse_foreign_insert() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
BEGIN
    IF current_user IN ('cryptoscalp_owner', 'cryptoscalp_capture') THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION '% on % refused: only the product''s writer stores them', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'CS001', HINT = 'To bring a file in run: cryptoscalp import run FILE';
END
$$;
