-- acknowledge_event
-- Notes that a subscriber is done with an event and all before it; returns the last one it is done with,
-- which may be a later one: the position never goes back.
CREATE OR REPLACE FUNCTION acknowledge_event(p_name text, p_event_id bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    done bigint;
BEGIN
    PERFORM FROM adaptation_events WHERE event_id = p_event_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no event %', p_event_id
            USING ERRCODE = 'CS011', HINT = '`cryptoscalp adaptations events` shows them.';
    END IF;
    UPDATE adaptation_subscribers SET event_id = p_event_id, updated_at = clock_timestamp()
    WHERE name = p_name AND event_id < p_event_id;
    SELECT event_id INTO done FROM adaptation_subscribers WHERE name = p_name;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no subscriber %', quote_literal(p_name)
            USING ERRCODE = 'CS011', HINT = 'It is made by its first call of events() or pending_events().';
    END IF;
    RETURN done;
END
$$;
