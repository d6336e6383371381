-- Keeps refused records once each, counts every coming, and marks the place of new ones as a gap. A
-- record that is refused again has the reason of now; one that a retry had resolved is open again.
WITH given AS (
    SELECT *
    FROM unnest(%(hashes)s::bytea[], %(times)s::int[], %(exchanges)s::text[], %(symbols)s::text[],
                %(streams)s::text[], %(timestamps)s::timestamptz[], %(reasons)s::text[],
                %(details)s::text[], %(lines)s::bigint[], %(raws)s::bytea[])
         AS g (record_hash, times_seen, exchange, symbol, stream, timestamp, reason, detail, line, raw)
), before AS (
    SELECT record_hash, timestamp, resolved_at FROM quarantine
    WHERE record_hash = ANY (%(hashes)s::bytea[])
), kept AS (
    INSERT INTO quarantine AS held (record_hash, times_seen, exchange, symbol, stream, timestamp,
                                    reason, detail, line, raw, source, batch_id)
    SELECT *, %(source)s, %(batch_id)s FROM given ORDER BY record_hash
    ON CONFLICT (record_hash) DO UPDATE SET
        times_seen = held.times_seen + excluded.times_seen, last_seen_at = now(),
        reason = excluded.reason, detail = excluded.detail, timestamp = excluded.timestamp,
        resolved_at = NULL, resolved_batch_id = NULL
    RETURNING held.*, held.xmax = 0 AS is_new
)
INSERT INTO coverage (exchange, symbol, stream, kind, start_time, end_time, cause)
SELECT exchange, symbol, stream::tick_stream, 'GAP', kept.timestamp, kept.timestamp, 'quarantined'
FROM kept LEFT JOIN before USING (record_hash)
-- A record that is open has its gap already, unless it is read with another time now.
WHERE (is_new OR before.resolved_at IS NOT NULL OR before.timestamp <> kept.timestamp)
  AND kept.timestamp IS NOT NULL AND exchange <> 'unknown'
  AND stream = ANY (enum_range(NULL::tick_stream)::text[])
