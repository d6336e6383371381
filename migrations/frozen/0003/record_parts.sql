-- Records what was written to the lake for a day. PostgreSQL stays what is read. A part of no rows
-- leaves the ledger. Takes the day's lock alone: writers who could not see a part to open have ended
-- then, and what they left differs from the copy where it is read again; later ones open it.
-- 55P03: somebody is writing to the day.
CREATE OR REPLACE FUNCTION record_parts(
    p_table text, p_day date, p_exchanges text[], p_symbols text[], p_rows bigint[],
    p_firsts timestamptz[], p_lasts timestamptz[], p_first_sequences bigint[],
    p_last_sequences bigint[], p_sha256s bytea[], p_snapshot bigint
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC'
AS $$
DECLARE
    cold record;
BEGIN
    PERFORM day_piece(p_table, p_day);
    PERFORM take_day(p_table, p_day, true);
    PERFORM FROM cold_parts AS p JOIN unnest(p_exchanges, p_symbols) AS said (exchange, symbol)
        ON p.exchange = said.exchange AND p.symbol = said.symbol
    WHERE p.table_name = p_table AND p.day = p_day ORDER BY p.symbol, p.exchange FOR UPDATE OF p;
    SELECT p.exchange, p.symbol INTO cold
    FROM cold_parts AS p JOIN unnest(p_exchanges, p_symbols) AS said (exchange, symbol)
        ON p.exchange = said.exchange AND p.symbol = said.symbol
    WHERE p.table_name = p_table AND p.day = p_day AND p.state = 'COLD' LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'retention: % on % of % is read from the lake; its copy there is not replaced',
            cold.symbol, cold.exchange, p_day USING ERRCODE = 'CS004';
    END IF;
    DELETE FROM cold_parts AS p
    USING unnest(p_exchanges, p_symbols, p_rows) AS said (exchange, symbol, n)
    WHERE p.table_name = p_table AND p.day = p_day AND p.exchange = said.exchange
      AND p.symbol = said.symbol AND said.n = 0;
    -- Versions begin at the clock, so that a row that was taken out and made again repeats none.
    INSERT INTO cold_parts AS old (table_name, day, exchange, symbol, state, version, rows,
        first_timestamp, last_timestamp, first_sequence, last_sequence, content_sha256, snapshot_id, written_at)
    SELECT p_table, p_day, said.exchange, said.symbol, 'WRITTEN',
           (extract(epoch FROM clock_timestamp()) * 1000000)::bigint, n, first, last, first_sequence,
           last_sequence, sha256, p_snapshot, now()
    FROM unnest(p_exchanges, p_symbols, p_rows, p_firsts, p_lasts, p_first_sequences, p_last_sequences,
                p_sha256s) AS said (exchange, symbol, n, first, last, first_sequence, last_sequence, sha256)
    WHERE n > 0 ORDER BY said.symbol, said.exchange
    ON CONFLICT (table_name, symbol, exchange, day) DO UPDATE
    SET state = 'WRITTEN', version = old.version + 1, rows = excluded.rows,
        first_timestamp = excluded.first_timestamp, last_timestamp = excluded.last_timestamp,
        first_sequence = excluded.first_sequence, last_sequence = excluded.last_sequence,
        content_sha256 = excluded.content_sha256, snapshot_id = excluded.snapshot_id,
        written_at = excluded.written_at, verified_at = NULL, changed_at = now();
END
$$;
