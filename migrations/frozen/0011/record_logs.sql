-- record_logs
-- Records log records, all of them or none, one element of each array a record; returns how many were stored.
-- A batch that carries a name is stored once, however often it is sent: a writer whose connection broke does not
-- know whether its last one was committed. The name lies in the metadata of its first record. Days that have no
-- partition are the caller's (ensure_partitions).
CREATE OR REPLACE FUNCTION record_logs(
    p_timestamps timestamptz[], p_levels text[], p_components text[], p_messages text[], p_metadata text[],
    p_batch text DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC'
AS $$
DECLARE
    sent CONSTANT bigint := coalesce(cardinality(p_timestamps), 0);
    late record;
BEGIN
    IF (cardinality(p_levels), cardinality(p_components), cardinality(p_messages), cardinality(p_metadata))
       IS DISTINCT FROM (sent::int, sent::int, sent::int, sent::int) THEN
        RAISE EXCEPTION 'logs: the arrays are of different lengths' USING ERRCODE = 'CS010';
    END IF;
    IF sent = 0 THEN
        RETURN 0;
    END IF;
    IF p_batch IS NOT NULL THEN
        -- The transaction that broke off may still be at work.
        PERFORM pg_advisory_xact_lock(hashtextextended('cryptoscalp logs ' || p_batch, 17));
        PERFORM FROM system_logs AS s WHERE s.timestamp = p_timestamps[1] AND s.metadata ->> 'batch' = p_batch;
        IF FOUND THEN
            RETURN 0;
        END IF;
    END IF;
    FOR late IN SELECT DISTINCT date_trunc('day', at) AS day FROM unnest(p_timestamps) AS at
                WHERE at < now() - interval '1 day' ORDER BY day
    LOOP
        PERFORM note_late_write('system_logs', late.day, late.day);
    END LOOP;
    INSERT INTO system_logs (timestamp, level, component, message, metadata)
    SELECT r.at, r.level::log_level, r.component, r.message,
           CASE WHEN r.n = 1 AND p_batch IS NOT NULL
                THEN r.metadata::jsonb || jsonb_build_object('batch', p_batch) ELSE r.metadata::jsonb END
    FROM unnest(p_timestamps, p_levels, p_components, p_messages, p_metadata)
         WITH ORDINALITY AS r (at, level, component, message, metadata, n)
    ORDER BY r.n;
    RETURN sent;
END
$$;
COMMENT ON FUNCTION record_logs(timestamptz[], text[], text[], text[], text[], text) IS
    'Record log records, a named batch once; returns how many were stored.';
