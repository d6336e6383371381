-- subscribe_events
-- Makes a subscriber of events where there is none of that name; returns the last event that it is done with.
-- A new one begins after the events that are there, or with the first. Events are numbered in the order of
-- commit, so none can still appear below the highest one that is seen.
CREATE OR REPLACE FUNCTION subscribe_events(p_name text, p_from_start boolean) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    done bigint;
BEGIN
    IF coalesce(p_name, '') = '' OR p_from_start IS NULL THEN
        RAISE EXCEPTION 'subscriber refused: it needs a name' USING ERRCODE = 'CS010';
    END IF;
    SELECT event_id INTO done FROM adaptation_subscribers WHERE name = p_name;
    IF FOUND THEN
        RETURN done;
    END IF;
    INSERT INTO adaptation_subscribers (name, event_id)
    SELECT p_name, CASE WHEN p_from_start THEN 0 ELSE coalesce(max(event_id), 0) END FROM adaptation_events
    ON CONFLICT (name) DO NOTHING;
    SELECT event_id INTO STRICT done FROM adaptation_subscribers WHERE name = p_name;
    RETURN done;
END
$$;
