-- What the insert triggers do with rows that are over a day old: keeps in the ledger that their days
-- were written, and refuses rows of instruments whose day lies in the cold tier, where no reader would
-- find them. Younger days are never cold. note_late_write() takes the day's lock, which seal_day()
-- needs alone, so that a day stays what it is found to be here until the transaction ends.
CREATE OR REPLACE FUNCTION note_late_rows(p_table text, p_exchanges text[], p_symbols text[], p_days date[])
RETURNS void
LANGUAGE plpgsql SET search_path = public, pg_temp SET timezone = 'UTC'
AS $$
DECLARE
    written date;
    cold record;
BEGIN
    -- A snapshot from before would not show that a day has become cold.
    IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
        RAISE EXCEPTION 'rows over a day old are stored in transactions of READ COMMITTED only'
            USING ERRCODE = '25001', HINT = 'Begin the transaction with ISOLATION LEVEL READ COMMITTED.';
    END IF;
    FOR written IN SELECT DISTINCT day FROM unnest(p_days) AS day ORDER BY day
    LOOP
        PERFORM note_late_write(p_table, written, written);
    END LOOP;
    SELECT part.* INTO cold
    FROM unnest(p_exchanges, p_symbols, p_days) AS given (exchange, symbol, day)
    -- OFFSET 0: one index search each, whatever the planner thinks of their number.
    CROSS JOIN LATERAL (SELECT c.exchange, c.symbol, c.day FROM cold_parts AS c
                        WHERE c.table_name = p_table AND c.symbol = given.symbol
                          AND c.exchange = given.exchange AND c.day = given.day AND c.state = 'COLD'
                        OFFSET 0) AS part
    LIMIT 1;
    IF FOUND THEN
        PERFORM refuse_cold(p_table, cold.exchange, cold.symbol, cold.day, cold.day);
    END IF;
END
$$;
