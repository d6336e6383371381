-- Keeps the newest quote exact for every INSERT or COPY; see market_data_inserted for the switch.
CREATE OR REPLACE FUNCTION order_book_l1_inserted() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    declared text := nullif(current_setting('cryptoscalp.declared_quotes', true), '');
BEGIN
    IF declared IS NOT NULL AND current_setting('role') = 'cryptoscalp_capture' THEN
        PERFORM set_config('cryptoscalp.declared_quotes', '', true);
        IF EXISTS (
            SELECT FROM (SELECT exchange, symbol, source, count(*) AS n
                         FROM new_rows GROUP BY exchange, symbol, source) AS found
            FULL JOIN jsonb_to_recordset(declared::jsonb) AS said
                      (exchange text, symbol text, source quote_source, n bigint)
              USING (exchange, symbol, source)
            WHERE found.n IS DISTINCT FROM said.n
        ) THEN
            RAISE EXCEPTION 'rows inserted into % differ from those the writer declared', TG_TABLE_NAME
                USING ERRCODE = 'CS002';
        END IF;
        RETURN NULL;
    END IF;

    PERFORM pg_advisory_xact_lock(key)
    FROM (SELECT DISTINCT stream_lock(exchange, symbol, 'quotes') AS key FROM new_rows ORDER BY key) AS keys;
    PERFORM register_instruments(array_agg(exchange::text), array_agg(symbol::text), array_agg(NULL::text))
    FROM (SELECT DISTINCT exchange, symbol FROM new_rows AS n
          WHERE NOT EXISTS (SELECT FROM instruments AS i
                            WHERE i.symbol = n.symbol AND i.exchange = n.exchange)) AS unknown
    HAVING count(*) > 0;

    PERFORM merge_newest_quotes(array_agg(newest))
    FROM (SELECT DISTINCT ON (n.symbol, n.exchange) n::order_book_l1 AS newest
          FROM new_rows AS n JOIN instruments AS i
            ON i.symbol = n.symbol AND i.exchange = n.exchange AND i.quote_source = n.source
          ORDER BY n.symbol, n.exchange, n.timestamp DESC, n.sequence DESC) AS rows;
    RETURN NULL;
END
$$;
