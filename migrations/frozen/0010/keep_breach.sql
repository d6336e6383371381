-- keep_breach
-- A breach goes forward only: what opened it stays, level and peak do not fall, one that ended is over.
CREATE OR REPLACE FUNCTION keep_breach() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
BEGIN
    IF OLD.closed_at IS NULL
       AND (NEW.breach_id, NEW.limit_id, NEW.portfolio_id, NEW.opened_at)
           = (OLD.breach_id, OLD.limit_id, OLD.portfolio_id, OLD.opened_at)
       AND NEW.opening_value IS NOT DISTINCT FROM OLD.opening_value
       AND (OLD.level IS NULL OR NEW.level >= OLD.level)
       AND (OLD.peak_value IS NULL OR NEW.peak_value >= OLD.peak_value)
       AND NEW.times_seen >= OLD.times_seen AND NEW.times_unknown >= OLD.times_unknown
       AND NEW.checked_at >= OLD.checked_at THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'breach % cannot be changed so', OLD.breach_id USING ERRCODE = 'CS001';
END
$$;
