-- The batches that have unresolved records, and how their files were read. What a file's broken end
-- left is no record that could be read again.
SELECT b.batch_id, b.source, b.format, b.plan, count(*)
FROM quarantine AS q JOIN batches AS b USING (batch_id)
WHERE q.resolved_at IS NULL AND q.reason NOT IN ('truncated_file', 'damaged_file')
  AND q.batch_id = coalesce(%(batch_id)s, q.batch_id) AND q.reason = coalesce(%(reason)s, q.reason)
  AND q.source = coalesce(%(source)s, q.source)
GROUP BY b.batch_id ORDER BY b.batch_id
