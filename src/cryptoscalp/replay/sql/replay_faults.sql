-- replay_faults
-- What must not be, one row each: a state whose JSON is not its vector, a next_state that is not later, a row
-- without its working priority, links to what is not there. Empty when all is well.
CREATE OR REPLACE FUNCTION replay_faults(p_buffer_id bigint)
RETURNS TABLE (memory_id bigint, fault text)
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp
SET extra_float_digits = 1
AS $$
DECLARE
    template CONSTANT text := state_template((SELECT s.features FROM feature_sets AS s
        WHERE s.feature_set_id = (known_replay_buffer(p_buffer_id)).feature_set_id));
BEGIN
    RETURN QUERY
    SELECT e.memory_id, f.fault FROM experience_replay AS e
    LEFT JOIN replay_priorities AS r ON r.memory_id = e.memory_id
    LEFT JOIN trades AS t ON t.trade_id = e.trade_id
    CROSS JOIN LATERAL (VALUES
        (CASE WHEN e.state <> format(template, VARIADIC e.state_vector::text[])::jsonb
              THEN 'state is not state_vector' END),
        (CASE WHEN e.next_state <> format(template, VARIADIC e.next_state_vector::text[])::jsonb
              THEN 'next_state is not next_state_vector' END),
        (CASE WHEN e.action_vector IS NOT NULL AND e.action <> to_jsonb(e.action_vector)
              THEN 'action is not action_vector' END),
        (CASE WHEN e.next_timestamp <= e.timestamp THEN 'next_state is not later than state' END),
        (CASE WHEN r.memory_id IS NULL THEN 'it has no working priority' END),
        (CASE WHEN r.buffer_id <> e.buffer_id THEN 'its working priority is of another buffer' END),
        (CASE WHEN e.trade_id IS NOT NULL AND t.trade_id IS NULL THEN format('trade %s is not there', e.trade_id) END)
    ) AS f (fault)
    WHERE e.buffer_id = p_buffer_id AND f.fault IS NOT NULL;
END
$$;
