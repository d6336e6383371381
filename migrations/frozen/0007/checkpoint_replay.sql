-- checkpoint_replay
-- Lets tier and priority of experience_replay follow what the sampler works with; returns how many differed.
CREATE OR REPLACE FUNCTION checkpoint_replay(p_buffer_id bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    changed bigint;
BEGIN
    PERFORM known_replay_buffer(p_buffer_id);
    UPDATE experience_replay AS e SET tier = r.tier, priority = r.priority
    FROM replay_priorities AS r
    WHERE r.memory_id = e.memory_id AND r.buffer_id = p_buffer_id
      AND (e.tier, e.priority) IS DISTINCT FROM (r.tier::integer, r.priority);
    GET DIAGNOSTICS changed = ROW_COUNT;
    UPDATE replay_buffers AS b SET checkpointed_at = now() WHERE b.buffer_id = p_buffer_id;
    RETURN changed;
END
$$;
