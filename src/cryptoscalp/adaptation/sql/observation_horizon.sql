-- Until when observations are complete: nothing that was known before can still be committed. Rows carry the
-- time at which their transaction began or later, so those as new as the oldest open transaction wait for its
-- end; a second more covers one that has only just begun and is not seen yet. Sessions of other roles do not
-- tell when theirs began: while one of them writes, nothing is complete (NULL).
SELECT CASE WHEN NOT EXISTS (
           SELECT FROM pg_locks AS held
           JOIN pg_stat_activity AS hidden USING (pid)
           WHERE hidden.datname = current_database() AND hidden.state IS NULL AND held.mode = 'RowExclusiveLock'
             AND held.database = (SELECT oid FROM pg_database WHERE datname = current_database())
             AND held.relation IN (SELECT relid FROM pg_partition_tree(%(table)s::regclass)))
       THEN least(statement_timestamp() - interval '1 second', oldest) END,
       oldest
FROM (SELECT min(xact_start) AS oldest FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid()) AS transactions
