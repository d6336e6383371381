-- start_adaptation
-- Notes that something is done about a model version. While it is not finished, the same answer to the same
-- event is returned again: an event that is delivered twice starts one adaptation.
CREATE OR REPLACE FUNCTION start_adaptation(
    p_model_id bigint, p_trigger adaptation_trigger, p_type adaptation_type, p_event_id bigint, p_rule jsonb,
    p_note text)
RETURNS adaptation_history
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    version model_versions := adapted_version(p_model_id);
    event   adaptation_events;
    started adaptation_history;
    wrong   text;
BEGIN
    wrong := CASE
        WHEN p_trigger IS NULL OR p_type IS NULL THEN 'it needs a trigger and a type'
        WHEN jsonb_typeof(p_rule) IS DISTINCT FROM 'object'
             OR NOT p_rule ?& '{metric,direction,min_improvement,min_predictions}'
             OR (SELECT count(*) FROM jsonb_object_keys(p_rule)) <> 4 THEN
            'a success rule has metric, direction, min_improvement and min_predictions'
        WHEN p_rule ->> 'metric' NOT IN ('mean_absolute_error', 'root_mean_squared_error', 'directional_accuracy',
                                         'brier') THEN format('there is no metric %s', p_rule -> 'metric')
        WHEN p_rule ->> 'direction' NOT IN ('lower', 'higher') THEN 'the direction is lower or higher'
        WHEN jsonb_typeof(p_rule -> 'min_improvement') <> 'number'
             OR (p_rule ->> 'min_improvement')::numeric < 0 THEN 'min_improvement is a fraction, zero or above'
        WHEN jsonb_typeof(p_rule -> 'min_predictions') <> 'number'
             OR (p_rule ->> 'min_predictions')::numeric < 1 THEN 'min_predictions is a number, one or above'
        END;
    IF wrong IS NULL AND p_event_id IS NOT NULL THEN
        SELECT * INTO event FROM adaptation_events WHERE event_id = p_event_id;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'there is no event %', p_event_id
                USING ERRCODE = 'CS011', HINT = '`cryptoscalp adaptations events` shows them.';
        END IF;
        wrong := CASE
            WHEN event.kind <> p_trigger THEN format('event %s is %s, not %s', p_event_id, event.kind, p_trigger)
            WHEN event.model_id <> p_model_id THEN format('event %s is about another model version', p_event_id)
            END;
    END IF;
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'adaptation of % version % refused: %', version.model_name, version.version, wrong
            USING ERRCODE = 'CS010';
    END IF;
    INSERT INTO adaptation_history AS h (timestamp, model_version, trigger_event, adaptation_type, model_id,
                                         success_rule, event_id, note)
    VALUES (now(), version.version, p_trigger, p_type, p_model_id, p_rule, p_event_id, p_note)
    ON CONFLICT (event_id, model_id, adaptation_type) WHERE event_id IS NOT NULL AND finished_at IS NULL DO NOTHING
    RETURNING h.* INTO started;
    IF NOT FOUND THEN
        SELECT h.* INTO STRICT started FROM adaptation_history AS h
        WHERE h.event_id = p_event_id AND h.model_id = p_model_id AND h.adaptation_type = p_type
          AND h.finished_at IS NULL;
    END IF;
    RETURN started;
END
$$;
