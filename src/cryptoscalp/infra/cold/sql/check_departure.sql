-- Refuses unless a day may leave PostgreSQL now. Of a regulated table: every part of it is read from
-- the lake, and PostgreSQL holds no row beside theirs. Of an operational one: its rows are 30 days old.
-- Of 1-second candles also: no tick of the day is left from which they would have to follow. Takes the
-- day's lock.
CREATE OR REPLACE FUNCTION check_departure(p_table text, p_day date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp SET timezone = 'UTC' SET lock_timeout = '50ms'
AS $$
DECLARE
    differs record;
    written timestamptz;
BEGIN
    PERFORM day_piece(p_table, p_day);
    PERFORM take_day(p_table, p_day, true);
    PERFORM check_unheld(p_table, p_day);
    IF p_table = 'system_logs' THEN
        SELECT greatest((p_day + 1)::timestamptz, max(written_at)) INTO written FROM late_writes
        WHERE table_name = p_table AND day = p_day;
        IF written > now() - interval '30 days' THEN
            RAISE EXCEPTION 'retention: logs of % were last written %, less than 30 days ago', p_day, written
                USING ERRCODE = 'CS004';
        END IF;
        RETURN;
    END IF;
    IF p_table = 'candles_1s' THEN
        -- Ticks that come in late bring their candles with them.
        PERFORM take_day('market_data', p_day, true);
        SELECT greatest((p_day + 1)::timestamptz, max(written_at)) INTO written FROM late_writes
        WHERE table_name IN ('market_data', 'candles_1s') AND day = p_day;
        IF written > now() - interval '30 days' THEN
            RAISE EXCEPTION 'retention: 1-second candles of % were last written %, less than 30 days ago',
                p_day, written USING ERRCODE = 'CS004';
        END IF;
        -- Also those of a partition that is detached and not dropped: they may have to be read again.
        IF EXISTS (SELECT FROM day_counts('market_data', p_day)) THEN
            RAISE EXCEPTION 'retention: 1-second candles of % follow from ticks that are in PostgreSQL', p_day
                USING ERRCODE = 'CS004', HINT = 'They leave after the ticks: cryptoscalp retention run';
        END IF;
        RETURN;
    END IF;
    PERFORM FROM cold_parts WHERE table_name = p_table AND day = p_day ORDER BY symbol, exchange FOR UPDATE;
    SELECT coalesce(p.exchange, c.exchange) AS exchange, coalesce(p.symbol, c.symbol) AS symbol,
           p.state, p.rows, c.n INTO differs
    FROM (SELECT * FROM cold_parts WHERE table_name = p_table AND day = p_day) AS p
    FULL JOIN day_counts(p_table, p_day) AS c ON c.exchange = p.exchange AND c.symbol = p.symbol
    WHERE NOT coalesce(p.state = 'COLD' AND coalesce(c.n, p.rows) = p.rows, false)
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'retention: % of % stays: % on % has % rows in PostgreSQL and % in the lake (%)',
            p_table, p_day, differs.symbol, differs.exchange, coalesce(differs.n, 0),
            coalesce(differs.rows, 0), coalesce(differs.state::text, 'not exported')
            USING ERRCODE = 'CS004', HINT = 'To move it run: cryptoscalp retention run';
    END IF;
END
$$;
