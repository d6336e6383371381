-- Ids and times of the stored events in the time ranges where twins of a batch can lie.
SELECT r.n, array_agg(t.sequence), array_agg(t.timestamp)
FROM {ranges}
-- OFFSET 0 keeps it one index search a range: pulled up, thousands of ranges may be merged instead
-- with all of the stream's rows, which takes their product.
CROSS JOIN LATERAL (SELECT t.sequence, t.timestamp FROM {table} AS t WHERE {within}
                    AND t.sequence BETWEEN r.first_id AND r.last_id OFFSET 0) AS t
GROUP BY r.n
