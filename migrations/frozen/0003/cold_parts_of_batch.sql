-- The cold parts that correct_ticks() needs in PostgreSQL to take a batch back: the days of its own rows,
-- those of the received runs that are searched through again, and the newest one of an instrument whose
-- newest row goes and has no successor in PostgreSQL that is as young. Empty when it may begin.
CREATE OR REPLACE FUNCTION cold_parts_of_batch(p_batch bigint)
RETURNS TABLE (table_name text, day date, exchange text, symbol text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC'
AS $$
    WITH stored AS (
        SELECT CASE WHEN stream IN ('trade', 'agg_trade') THEN 'market_data'
                    WHEN stream IN ('ticker', 'depth', 'snapshot') THEN 'order_book_l1'
                    ELSE stream || 's' END AS name,
               exchange, symbol, stream, first_timestamp AS low, last_timestamp AS high
        FROM batch_streams
        WHERE batch_id = p_batch AND stored > 0 AND stream NOT LIKE 'candle\_%'
    ), reach AS (
        SELECT name, exchange, symbol, low, high FROM stored
        UNION ALL
        -- As far as cut_coverage() looks.
        SELECT s.name, s.exchange, s.symbol, c.start_time - interval '5 minutes', c.end_time + interval '5 minutes'
        FROM stored AS s JOIN coverage AS c
          ON c.symbol = s.symbol AND c.exchange = s.exchange AND c.stream::text = s.stream
         AND c.kind = 'RECEIVED' AND c.first_sequence IS NOT NULL
         AND c.start_time <= s.high + interval '5 minutes' AND c.end_time >= s.low - interval '5 minutes'
    ), going AS (
        SELECT 'market_data' AS name, n.exchange, n.symbol,
               (SELECT max(t.timestamp) FROM market_data AS t
                WHERE t.symbol = n.symbol AND t.exchange = n.exchange AND t.feed = i.canonical_feed
                  AND t.batch_id IS DISTINCT FROM p_batch) AS next
        FROM newest_trades AS n JOIN instruments AS i ON i.symbol = n.symbol AND i.exchange = n.exchange
        WHERE (n.exchange, n.symbol, i.canonical_feed::text) IN (SELECT exchange, symbol, stream FROM stored)
          AND EXISTS (SELECT FROM market_data AS t
                      WHERE t.symbol = n.symbol AND t.exchange = n.exchange AND t.timestamp = n.timestamp
                        AND t.feed = i.canonical_feed AND t.sequence = n.sequence AND t.batch_id = p_batch)
        UNION ALL
        SELECT 'order_book_l1', n.exchange, n.symbol,
               (SELECT max(q.timestamp) FROM order_book_l1 AS q
                WHERE q.symbol = n.symbol AND q.exchange = n.exchange AND q.source = i.quote_source
                  AND q.batch_id IS DISTINCT FROM p_batch)
        FROM newest_quotes AS n JOIN instruments AS i ON i.symbol = n.symbol AND i.exchange = n.exchange
        WHERE (n.exchange, n.symbol, i.quote_source::text) IN (SELECT exchange, symbol, stream FROM stored)
          AND EXISTS (SELECT FROM order_book_l1 AS q
                      WHERE q.symbol = n.symbol AND q.exchange = n.exchange AND q.timestamp = n.timestamp
                        AND q.source = i.quote_source AND q.sequence = n.sequence AND q.batch_id = p_batch)
    )
    SELECT p.table_name, p.day, p.exchange, p.symbol
    FROM reach AS r CROSS JOIN LATERAL (
        SELECT c.* FROM cold_parts AS c
        WHERE c.table_name = r.name AND c.symbol = r.symbol AND c.exchange = r.exchange AND c.state = 'COLD'
          AND c.day BETWEEN r.low::date AND r.high::date OFFSET 0) AS p
    UNION
    SELECT p.table_name, p.day, p.exchange, p.symbol
    FROM going AS g CROSS JOIN LATERAL newer_cold_part(g.name, g.exchange, g.symbol, g.next) AS p
$$;
