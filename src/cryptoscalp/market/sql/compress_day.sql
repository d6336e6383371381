-- Puts the oldest closed chunk that is not there, or only in part, into TimescaleDB's columnstore and
-- returns its name; NULL where none is left, on native partitions and on its Apache edition. Closed:
-- p_after has passed since its end and since the last late write to it, so that the window in which
-- duplicates come stays in rows. TimescaleDB's own policy is refused to an owner who may not log in.
-- 55P03: somebody is writing to it; try again.
CREATE OR REPLACE FUNCTION compress_day(p_after interval DEFAULT '2 days') RETURNS text
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp SET timezone = 'UTC' SET lock_timeout = '50ms'
AS $$
DECLARE
    chunk text;
BEGIN
    IF to_regclass('timescaledb_information.chunks') IS NULL
       OR current_setting('timescaledb.license', true) IS DISTINCT FROM 'timescale' THEN
        RETURN NULL;
    END IF;
    -- Bits of the status: 1 in the columnstore, 8 with rows beside it.
    EXECUTE 'SELECT format(''%I.%I'', k.chunk_schema, k.chunk_name)'
            ' FROM timescaledb_information.chunks AS k'
            ' JOIN timescaledb_information.hypertables AS h USING (hypertable_schema, hypertable_name)'
            ' JOIN _timescaledb_catalog.chunk AS own'
            '   ON own.schema_name = k.chunk_schema AND own.table_name = k.chunk_name'
            ' WHERE h.hypertable_schema = ''public'' AND h.owner = current_user AND h.compression_enabled'
            '   AND k.range_end < now() - $1 AND own.status & 9 <> 1'
            '   AND NOT EXISTS (SELECT FROM late_writes AS l WHERE l.table_name = k.hypertable_name'
            '                   AND l.day = k.range_start::date AND l.written_at > now() - $1)'
            ' ORDER BY k.range_start, k.hypertable_name LIMIT 1'
        INTO chunk USING greatest(p_after, interval '2 days');
    IF chunk IS NOT NULL THEN
        EXECUTE 'SELECT compress_chunk($1::regclass, if_not_compressed => true)' USING chunk;
    END IF;
    RETURN chunk;
END
$$;
COMMENT ON FUNCTION compress_day(interval) IS
    'Put one closed chunk into the columnstore; its name, or NULL when there is none to do.';
