-- forget_server_logs
-- Forgets how far files were read that are gone; returns how many those are. The newest day's stay: a file is
-- there again before its reader looks.
CREATE OR REPLACE FUNCTION forget_server_logs(p_there text[]) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    WITH gone AS (
        DELETE FROM server_log_positions WHERE file <> ALL (p_there) AND updated_at < now() - interval '1 day'
        RETURNING file)
    SELECT count(*) FROM gone;
$$;
COMMENT ON FUNCTION forget_server_logs(text[]) IS
    'Forget how far log files were read that are no longer there; returns how many.';
