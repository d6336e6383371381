-- Keeps refused records once each, counts every coming, and marks the place of new ones as a gap.
WITH given AS (
    SELECT *
    FROM unnest(%(hashes)s::bytea[], %(times)s::int[], %(exchanges)s::text[], %(symbols)s::text[],
                %(streams)s::text[], %(timestamps)s::timestamptz[], %(reasons)s::text[],
                %(details)s::text[], %(lines)s::bigint[], %(raws)s::bytea[])
         AS g (record_hash, times_seen, exchange, symbol, stream, timestamp, reason, detail, line, raw)
), kept AS (
    INSERT INTO quarantine AS held (record_hash, times_seen, exchange, symbol, stream, timestamp,
                                    reason, detail, line, raw, source, batch_id)
    SELECT *, %(source)s, %(batch_id)s FROM given ORDER BY record_hash
    ON CONFLICT (record_hash) DO UPDATE SET
        times_seen = held.times_seen + excluded.times_seen, last_seen_at = now()
    RETURNING held.*, held.xmax = 0 AS is_new
)
INSERT INTO coverage (exchange, symbol, stream, kind, start_time, end_time, cause)
SELECT exchange, symbol, stream::tick_stream, 'GAP', timestamp, timestamp, 'quarantined'
FROM kept
WHERE is_new AND timestamp IS NOT NULL AND exchange <> 'unknown'
  AND stream = ANY (enum_range(NULL::tick_stream)::text[])
