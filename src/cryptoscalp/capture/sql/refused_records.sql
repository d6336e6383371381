-- A batch's unresolved records, a page of them in the order of their file.
SELECT coalesce(line, 0), record_hash, raw, exchange, symbol, stream, times_seen
FROM quarantine
WHERE resolved_at IS NULL AND reason NOT IN ('truncated_file', 'damaged_file') AND batch_id = %(batch_id)s
  AND reason = coalesce(%(reason)s, reason)
  AND (coalesce(line, 0), record_hash) > (%(line)s, %(record_hash)s::bytea)
ORDER BY coalesce(line, 0), record_hash
LIMIT %(most)s
