-- check_position_change
-- A position goes OPEN to PARTIAL, OPEN to CLOSED, PARTIAL to CLOSED and no other way (S23). A closed one
-- stays as it is, but for funding that is reported later. What it is a position in never changes.
CREATE OR REPLACE FUNCTION check_position_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
DECLARE
    compared positions := NEW;
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.status <> 'OPEN' THEN
            RAISE EXCEPTION 'a position begins OPEN, not %', NEW.status USING ERRCODE = 'CS010';
        END IF;
        RETURN NEW;
    END IF;
    IF (OLD.status, NEW.status) NOT IN (('OPEN', 'OPEN'), ('PARTIAL', 'PARTIAL'), ('CLOSED', 'CLOSED'),
                                        ('OPEN', 'PARTIAL'), ('OPEN', 'CLOSED'), ('PARTIAL', 'CLOSED')) THEN
        RAISE EXCEPTION 'position % is % and cannot become %', OLD.position_id, OLD.status, NEW.status
            USING ERRCODE = 'CS010', HINT = 'A position that is closed stays so; the next fill opens another.';
    END IF;
    IF OLD.status = 'CLOSED' THEN
        compared.funding := OLD.funding;
        IF compared IS DISTINCT FROM OLD THEN
            RAISE EXCEPTION 'position % is closed and does not change any more', OLD.position_id
                USING ERRCODE = 'CS010';
        END IF;
    END IF;
    IF (OLD.portfolio_id, OLD.symbol, OLD.exchange, OLD.side) IS DISTINCT FROM
       (NEW.portfolio_id, NEW.symbol, NEW.exchange, NEW.side) THEN
        RAISE EXCEPTION 'position % keeps its portfolio, instrument and side', OLD.position_id
            USING ERRCODE = 'CS010';
    END IF;
    RETURN NEW;
END
$$;
