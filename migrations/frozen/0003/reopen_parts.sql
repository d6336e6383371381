-- Makes PostgreSQL what is read for parts that still lie there: their copy in the lake was found
-- damaged, or rows came beside it. They are exported again. Returns how many it was.
CREATE OR REPLACE FUNCTION reopen_parts(p_table text, p_day date, p_exchanges text[], p_symbols text[])
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC'
AS $$
DECLARE
    opened bigint;
BEGIN
    PERFORM take_day(p_table, p_day, true);
    PERFORM reclaim_day(p_table, p_day);
    PERFORM FROM cold_parts WHERE table_name = p_table AND day = p_day ORDER BY symbol, exchange FOR UPDATE;
    UPDATE cold_parts AS p SET state = 'THAWED', version = p.version + 1, changed_at = now()
    FROM unnest(p_exchanges, p_symbols) AS said (exchange, symbol), day_counts(p_table, p_day) AS c
    WHERE p.table_name = p_table AND p.day = p_day AND p.exchange = said.exchange AND p.symbol = said.symbol
      AND c.exchange = p.exchange AND c.symbol = p.symbol AND c.n >= p.rows AND p.state <> 'THAWED';
    GET DIAGNOSTICS opened = ROW_COUNT;
    RETURN opened;
END
$$;
