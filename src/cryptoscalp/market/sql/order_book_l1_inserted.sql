-- Keeps the newest quote exact for every INSERT or COPY; see market_data_inserted for the switch.
CREATE OR REPLACE FUNCTION order_book_l1_inserted() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC'
AS $$
DECLARE
    declared text := nullif(current_setting('cryptoscalp.declared_quotes', true), '');
    old timestamptz := clock_timestamp() - interval '1 day';
    differ boolean;
    earliest timestamptz;
BEGIN
    IF thawing() THEN
        RETURN NULL;
    END IF;
    IF declared IS NOT NULL AND current_setting('role') = 'cryptoscalp_capture' THEN
        PERFORM set_config('cryptoscalp.declared_quotes', '', true);
        SELECT bool_or(found.n IS DISTINCT FROM said.n), min(day) INTO differ, earliest
        FROM (SELECT exchange, symbol, source,
                     date_bin('1 day', timestamp, 'epoch') AS day, count(*) AS n
              FROM new_rows GROUP BY exchange, symbol, source, day) AS found
        FULL JOIN jsonb_to_recordset(declared::jsonb) AS said
                  (exchange text, symbol text, source quote_source, day timestamptz, n bigint)
          USING (exchange, symbol, source, day);
        IF differ THEN
            RAISE EXCEPTION 'rows inserted into % differ from those the writer declared', TG_TABLE_NAME
                USING ERRCODE = 'CS002';
        END IF;
        IF earliest < old THEN
            PERFORM note_late_rows('order_book_l1', array_agg(exchange), array_agg(symbol), array_agg(day))
            FROM (SELECT DISTINCT exchange, symbol, day::date AS day
                  FROM jsonb_to_recordset(declared::jsonb) AS said
                       (exchange text, symbol text, day timestamptz)
                  WHERE day < old) AS late;
        END IF;
        RETURN NULL;
    END IF;

    PERFORM pg_advisory_xact_lock(key)
    FROM (SELECT DISTINCT stream_lock(exchange, symbol, 'quotes') AS key FROM new_rows ORDER BY key) AS keys;
    -- With the locks: whoever brings a day back holds them, too.
    PERFORM note_late_rows('order_book_l1', array_agg(exchange), array_agg(symbol), array_agg(day))
    FROM (SELECT DISTINCT exchange::text, symbol::text, timestamp::date AS day FROM new_rows
          WHERE timestamp < old) AS late
    HAVING count(*) > 0;
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
