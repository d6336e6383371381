-- Stored events, whole, at the times of a batch's events without ids.
SELECT r.n, t.*
FROM {ranges}
-- OFFSET 0: one index search a range, see stored_ids.sql.
CROSS JOIN LATERAL (SELECT t.timestamp, t.sequence, {content} FROM {table} AS t WHERE {within}
                    OFFSET 0) AS t
