-- set_replay_tiers
-- Other rules and capacities for the tiers of a buffer; what no longer fits leaves when the rules are next
-- applied.
CREATE OR REPLACE FUNCTION set_replay_tiers(p_buffer_id bigint, p_tiers jsonb) RETURNS replay_buffers
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    changed replay_buffers;
BEGIN
    PERFORM known_replay_buffer(p_buffer_id);
    UPDATE replay_buffers AS b SET tiers = p_tiers WHERE b.buffer_id = p_buffer_id RETURNING * INTO changed;
    RETURN changed;
END
$$;
