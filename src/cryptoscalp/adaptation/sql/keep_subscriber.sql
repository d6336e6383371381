-- keep_subscriber
-- A subscriber's position never goes back, whoever tries: what it was done with is not delivered again.
CREATE OR REPLACE FUNCTION keep_subscriber() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND current_user = 'cryptoscalp_owner' AND NEW.event_id >= OLD.event_id
       AND (NEW.name, NEW.created_at) = (OLD.name, OLD.created_at) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% on adaptation_subscribers refused: a subscriber''s position only goes forward', TG_OP
        USING ERRCODE = 'CS001', HINT = 'A subscriber of another name may read everything again: from_start=True.';
END
$$;
