-- announce
-- Writes an event for trainers that nothing else in the database tells of: MANUAL or PERFORMANCE.
CREATE OR REPLACE FUNCTION announce(
    p_kind adaptation_trigger, p_model_id bigint, p_symbol text, p_exchange text, p_payload jsonb)
RETURNS adaptation_events
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    event adaptation_events;
BEGIN
    IF p_kind IS NULL OR p_kind NOT IN ('MANUAL', 'PERFORMANCE') THEN
        RAISE EXCEPTION 'event refused: % is announced by what finds it', coalesce(p_kind::text, 'nothing')
            USING ERRCODE = 'CS010', HINT = 'MANUAL and PERFORMANCE may be announced.';
    ELSIF (p_symbol IS NULL) <> (p_exchange IS NULL) OR jsonb_typeof(p_payload) IS DISTINCT FROM 'object' THEN
        RAISE EXCEPTION 'event refused: a symbol goes with its exchange, and the payload is an object'
            USING ERRCODE = 'CS010';
    END IF;
    IF p_model_id IS NOT NULL THEN
        PERFORM adapted_version(p_model_id);
    END IF;
    INSERT INTO adaptation_events AS e (timestamp, kind, model_id, symbol, exchange, payload)
    VALUES (now(), p_kind, p_model_id, p_symbol, p_exchange, p_payload) RETURNING e.* INTO event;
    RETURN event;
END
$$;
