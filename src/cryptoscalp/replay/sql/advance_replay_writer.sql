-- advance_replay_writer
-- Notes, in the transaction that stores them, that the records of a journal up to p_to are in the database: each
-- is stored exactly once, however often its writer crashes. CS010 when somebody else has written from p_from.
CREATE OR REPLACE FUNCTION advance_replay_writer(p_writer_id bigint, p_from bigint, p_to bigint, p_stale bigint)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
    UPDATE replay_writers AS w
    SET position = p_to, written_at = clock_timestamp(), stale_updates = w.stale_updates + p_stale
    WHERE w.writer_id = p_writer_id AND w.position = p_from AND p_to >= p_from;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'journal % is not at record %', p_writer_id, p_from
            USING ERRCODE = 'CS010', HINT = 'Another process has stored its records; open the buffer again.';
    END IF;
END
$$;
