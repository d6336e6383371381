-- check_portfolio_close
-- A portfolio is closed when nothing is open in it: fills would be refused afterwards (CS010).
CREATE OR REPLACE FUNCTION check_portfolio_close() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    held bigint;
BEGIN
    SELECT count(*) INTO held FROM positions AS p
    WHERE p.portfolio_id = OLD.portfolio_id AND p.status IN ('OPEN', 'PARTIAL');
    IF held > 0 THEN
        RAISE EXCEPTION 'portfolio % has % open positions', quote_literal(OLD.name), held
            USING ERRCODE = 'CS010', HINT = 'Close them first: cryptoscalp positions close.';
    END IF;
    RETURN NEW;
END
$$;
