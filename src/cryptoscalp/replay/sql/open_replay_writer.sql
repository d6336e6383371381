-- open_replay_writer
-- A number for the journal of one process.
CREATE OR REPLACE FUNCTION open_replay_writer(p_buffer_id bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    made bigint;
BEGIN
    PERFORM known_replay_buffer(p_buffer_id);
    INSERT INTO replay_writers (buffer_id) VALUES (p_buffer_id) RETURNING writer_id INTO made;
    RETURN made;
END
$$;
