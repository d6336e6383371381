-- known_replay_buffer
-- The buffer of a number; CS011 when there is none.
CREATE OR REPLACE FUNCTION known_replay_buffer(p_buffer_id bigint) RETURNS replay_buffers
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp
AS $$
DECLARE
    found_buffer replay_buffers;
BEGIN
    SELECT b.* INTO found_buffer FROM replay_buffers AS b WHERE b.buffer_id = p_buffer_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no replay buffer %', coalesce(p_buffer_id::text, 'NULL')
            USING ERRCODE = 'CS011', HINT = '`cryptoscalp replay list` shows them.';
    END IF;
    RETURN found_buffer;
END
$$;
