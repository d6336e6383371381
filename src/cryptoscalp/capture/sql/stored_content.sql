-- Stored events, whole, at the times of a batch's events without ids.
SELECT r.n, t.timestamp, t.sequence, {content}
FROM {ranges}
JOIN {table} AS t ON {within}
