-- record_server_logs
-- Records what was read of a log file of the server's between two positions, together with the new position:
-- each line is stored once, whoever reads and whatever is cut off. Returns how many records were stored; NULL
-- when another reader was there before, and nothing was.
CREATE OR REPLACE FUNCTION record_server_logs(
    p_file text, p_from bigint, p_to bigint, p_timestamps timestamptz[], p_levels text[], p_messages text[],
    p_metadata text[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC'
AS $$
DECLARE
    stored bigint;
    held bigint;
BEGIN
    IF p_from < 0 OR p_to <= p_from THEN
        RAISE EXCEPTION 'server logs: % to % is no range of a file', p_from, p_to USING ERRCODE = 'CS010';
    END IF;
    INSERT INTO server_log_positions (file, position, lines) VALUES (p_file, 0, 0) ON CONFLICT DO NOTHING;
    SELECT position INTO held FROM server_log_positions WHERE file = p_file FOR UPDATE;
    IF held IS DISTINCT FROM p_from THEN
        RETURN NULL;
    END IF;
    stored := record_logs(p_timestamps, p_levels,
                          array_fill('postgresql'::text, ARRAY[coalesce(cardinality(p_timestamps), 0)]),
                          p_messages, p_metadata);
    UPDATE server_log_positions SET position = p_to, lines = lines + stored, updated_at = now()
    WHERE file = p_file;
    RETURN stored;
END
$$;
COMMENT ON FUNCTION record_server_logs(text, bigint, bigint, timestamptz[], text[], text[], text[]) IS
    'Record lines of a log file of the server and how far it was read, in one; NULL when another was there first.';
