-- Marks refused records as resolved by a batch that stored their events, and takes back the gaps that
-- marked their places: one a record, as keep_refused.sql made them. Returns how many were open.
CREATE OR REPLACE FUNCTION resolve_refused(p_hashes bytea[], p_batch bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    resolved bigint;
BEGIN
    PERFORM FROM quarantine WHERE record_hash = ANY (p_hashes) ORDER BY record_hash FOR UPDATE;
    WITH done AS (
        UPDATE quarantine SET resolved_at = now(), resolved_batch_id = p_batch
        WHERE record_hash = ANY (p_hashes) AND resolved_at IS NULL
        RETURNING exchange::text, symbol, stream, timestamp
    ), places AS (
        SELECT exchange, symbol, stream, timestamp, count(*) AS n FROM done
        WHERE timestamp IS NOT NULL GROUP BY exchange, symbol, stream, timestamp
    ), gaps AS (
        SELECT c.coverage_id, p.n,
               row_number() OVER (PARTITION BY p.exchange, p.symbol, p.stream, p.timestamp
                                  ORDER BY c.coverage_id) AS place
        FROM places AS p
        JOIN coverage AS c ON c.symbol = p.symbol AND c.exchange = p.exchange
                          AND c.stream::text = p.stream AND c.kind = 'GAP' AND c.cause = 'quarantined'
                          AND c.start_time = p.timestamp AND c.end_time = p.timestamp
    ), closed AS (
        DELETE FROM coverage AS c USING gaps AS g WHERE c.coverage_id = g.coverage_id AND g.place <= g.n
    )
    SELECT count(*) INTO resolved FROM done;
    RETURN resolved;
END
$$;
