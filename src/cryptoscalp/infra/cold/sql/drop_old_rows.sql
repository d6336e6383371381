-- Deletes rows of an operational table without partitions that are over 30 days old, at most so many,
-- oldest first, none of a day under a hold. Returns how many it was.
CREATE OR REPLACE FUNCTION drop_old_rows(p_table text, p_limit bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp SET timezone = 'UTC' SET lock_timeout = '50ms'
AS $$
DECLARE
    kinds CONSTANT jsonb := '{"quarantine": "last_seen_at", "job_runs": "started_at"}';
    taken record;
BEGIN
    IF NOT kinds ? p_table THEN
        RAISE EXCEPTION 'retention: rows of % do not leave one by one; choose quarantine or job_runs', p_table
            USING ERRCODE = '22023';
    END IF;
    LOCK TABLE retention_holds IN SHARE MODE;
    EXECUTE format(
        'WITH gone AS ('
        '    DELETE FROM %1$I WHERE ctid = ANY (ARRAY ('
        '        SELECT ctid FROM %1$I AS old WHERE %2$I < now() - interval ''30 days'''
        '          AND NOT EXISTS (SELECT FROM retention_holds AS h'
        '                          WHERE h.table_name = $1 AND h.released_at IS NULL'
        '                            AND old.%2$I::date BETWEEN h.first_day AND h.last_day)'
        '        ORDER BY %2$I LIMIT $2 FOR UPDATE SKIP LOCKED))'
        '    RETURNING %2$I AS moment)'
        ' SELECT count(*) AS n, min(moment)::date AS first, max(moment)::date AS last FROM gone',
        p_table, kinds ->> p_table) INTO taken USING p_table, p_limit;
    IF taken.n > 0 THEN
        INSERT INTO departures (table_name, first_day, last_day, rows, reason, piece)
        VALUES (p_table, taken.first, taken.last, taken.n, 'operational', 'rows');
    END IF;
    RETURN taken.n;
END
$$;
