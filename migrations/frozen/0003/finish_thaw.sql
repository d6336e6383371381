-- Ends the return of one instrument's day from the cold tier: PostgreSQL must hold all of its rows now,
-- and its candles follow from them again. The caller holds the instrument's lock and has inserted the
-- rows in this transaction, after thaw_part().
CREATE OR REPLACE FUNCTION finish_thaw(p_table text, p_day date, p_exchange text, p_symbol text, p_rows bigint)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC'
AS $$
DECLARE
    low timestamptz := p_day;
    high timestamptz := p_day + 1;
    held bigint;
BEGIN
    PERFORM FROM cold_parts
    WHERE table_name = p_table AND symbol = p_symbol AND exchange = p_exchange AND day = p_day
      AND state = 'THAWED';
    IF NOT FOUND THEN
        RAISE EXCEPTION '% of % on % in % is not being brought back', p_day, p_symbol, p_exchange, p_table
            USING ERRCODE = '55000';
    END IF;
    EXECUTE format('SELECT count(*) FROM %I WHERE symbol = $1 AND exchange = $2'
                   ' AND timestamp >= $3 AND timestamp < $4', p_table)
        INTO held USING p_symbol, p_exchange, low, high;
    IF held <> p_rows THEN
        RAISE EXCEPTION '% holds % rows of % on % of %, the ledger says %',
            p_table, held, p_symbol, p_exchange, p_day, p_rows
            USING ERRCODE = 'CS002', HINT = 'Compare it with: cryptoscalp retention verify';
    END IF;
    IF p_table = 'market_data' THEN
        PERFORM recompute_candles(p_exchange, p_symbol, low, high - interval '1 microsecond');
    END IF;
END
$$;
