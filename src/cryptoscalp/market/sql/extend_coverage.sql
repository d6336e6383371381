-- Adds received intervals, merged with those they touch: by venue id where ids are consecutive
-- (first_sequence given), by time otherwise. One pass however many there are: the touched rows are
-- taken out and the islands of old and new intervals put in. The caller holds the streams' locks.
CREATE OR REPLACE FUNCTION extend_coverage(p_exchanges text[], p_symbols text[], p_streams text[],
                                p_starts timestamptz[], p_ends timestamptz[],
                                p_firsts bigint[], p_lasts bigint[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
    WITH given AS (
        SELECT *
        FROM unnest(p_exchanges, p_symbols, p_streams::tick_stream[], p_starts, p_ends, p_firsts, p_lasts)
             AS run (exchange, symbol, stream, start_time, end_time, first_sequence, last_sequence)
    ), bounds AS (
        SELECT exchange, symbol, stream, first_sequence IS NOT NULL AS by_id, min(start_time) AS low,
               max(end_time) AS high, min(first_sequence) AS first, max(last_sequence) AS last
        FROM given GROUP BY exchange, symbol, stream, by_id
    ), touched AS (
        DELETE FROM coverage AS c USING bounds AS b
        WHERE c.symbol = b.symbol AND c.exchange = b.exchange AND c.stream = b.stream
          AND c.kind = 'RECEIVED' AND (c.first_sequence IS NOT NULL) = b.by_id
          AND CASE WHEN b.by_id THEN c.first_sequence <= b.last + 1 AND c.last_sequence >= b.first - 1
                   ELSE c.start_time <= b.high AND c.end_time >= b.low END
        RETURNING c.exchange::text, c.symbol::text, c.stream, c.start_time, c.end_time,
                  c.first_sequence, c.last_sequence
    ), every AS (
        SELECT *, first_sequence IS NOT NULL AS by_id,
               row_number() OVER (PARTITION BY exchange, symbol, stream, first_sequence IS NOT NULL
                                  ORDER BY first_sequence, start_time, end_time) AS place
        FROM (SELECT * FROM given UNION ALL SELECT * FROM touched) AS both_kinds
    ), reached AS (
        SELECT *, max(end_time) OVER before AS time_reached, max(last_sequence) OVER before AS id_reached
        FROM every
        WINDOW before AS (PARTITION BY exchange, symbol, stream, by_id ORDER BY place
                          ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
    ), islands AS (
        SELECT *, count(*) FILTER (WHERE CASE WHEN by_id THEN first_sequence > id_reached + 1
                                              ELSE start_time > time_reached END)
                  OVER (PARTITION BY exchange, symbol, stream, by_id ORDER BY place) AS island
        FROM reached
    )
    INSERT INTO coverage (exchange, symbol, stream, kind, start_time, end_time, first_sequence, last_sequence)
    SELECT exchange, symbol, stream, 'RECEIVED', min(start_time), max(end_time),
           min(first_sequence), max(last_sequence)
    FROM islands GROUP BY exchange, symbol, stream, by_id, island
    ORDER BY exchange, symbol, stream, min(start_time);
    -- What was taken back and has come again is not missing any more.
    DELETE FROM coverage AS gap USING unnest(p_exchanges, p_symbols, p_streams::tick_stream[])
        AS s (exchange, symbol, stream)
    WHERE gap.symbol = s.symbol AND gap.exchange = s.exchange AND gap.stream = s.stream
      AND gap.kind = 'GAP' AND gap.cause = 'removed'
      AND EXISTS (SELECT FROM coverage AS c
                  WHERE c.symbol = gap.symbol AND c.exchange = gap.exchange AND c.stream = gap.stream
                    AND c.kind = 'RECEIVED' AND c.start_time <= gap.start_time
                    AND c.end_time >= gap.end_time);
END
$$;
