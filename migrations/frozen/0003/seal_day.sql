-- Makes the lake what is read for a day: all parts that PostgreSQL holds of it become COLD at once.
-- Refuses unless each of them was verified and PostgreSQL holds just the rows that were. Returns the
-- number of rows sealed. 55P03: somebody is writing to the day. Writers are kept out by the day's
-- advisory lock, which they try and do not wait for: a lock on the partition would make them wait while
-- it is counted, and the live feed behind them.
CREATE OR REPLACE FUNCTION seal_day(p_table text, p_day date) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp SET timezone = 'UTC' SET lock_timeout = '50ms'
AS $$
DECLARE
    differs record;
    sealed bigint;
BEGIN
    PERFORM take_day(p_table, p_day, true);
    PERFORM check_unheld(p_table, p_day);
    PERFORM FROM cold_parts WHERE table_name = p_table AND day = p_day ORDER BY symbol, exchange FOR UPDATE;
    SELECT coalesce(p.exchange, c.exchange) AS exchange, coalesce(p.symbol, c.symbol) AS symbol,
           p.state, p.rows, c.n INTO differs
    FROM (SELECT * FROM cold_parts WHERE table_name = p_table AND day = p_day) AS p
    FULL JOIN day_counts(p_table, p_day) AS c ON c.exchange = p.exchange AND c.symbol = p.symbol
    WHERE NOT coalesce(
        p.state = 'COLD' AND c.n IS NULL
        OR p.state IN ('VERIFIED', 'COLD') AND c.n = p.rows
           AND c.first = p.first_timestamp AND c.last = p.last_timestamp, false)
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'retention: % of % is not sealed: % on % has % rows in PostgreSQL and % in the lake (%)',
            p_table, p_day, differs.symbol, differs.exchange, coalesce(differs.n, 0),
            coalesce(differs.rows, 0), coalesce(differs.state::text, 'not exported')
            USING ERRCODE = 'CS004', HINT = 'It was written to meanwhile: run cryptoscalp retention run again.';
    END IF;
    WITH turned AS (
        UPDATE cold_parts SET state = 'COLD', version = version + 1, changed_at = now()
        WHERE table_name = p_table AND day = p_day AND state = 'VERIFIED'
        RETURNING rows
    )
    SELECT coalesce(sum(rows), 0) INTO sealed FROM turned;
    RETURN sealed;
END
$$;
