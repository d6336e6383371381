-- keep_limit
-- A limit that was declared stays as it was: it can only be ended, and not later than it would have been.
CREATE OR REPLACE FUNCTION keep_limit() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
DECLARE
    compared risk_limits := NEW;
BEGIN
    compared.valid_until := OLD.valid_until;
    compared.ended_by := OLD.ended_by;
    IF compared IS NOT DISTINCT FROM OLD AND NEW.valid_until IS NOT NULL
       AND (OLD.valid_until IS NULL OR NEW.valid_until <= OLD.valid_until) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'limit % is as it was declared; a change is another limit', OLD.limit_id
        USING ERRCODE = 'CS001', HINT = 'cryptoscalp risk limits set ends it and declares the other one.';
END
$$;
