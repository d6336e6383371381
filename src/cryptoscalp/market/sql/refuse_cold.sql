-- Refuses to go on because days of an instrument lie in the cold tier, and says how to bring them back.
CREATE OR REPLACE FUNCTION refuse_cold(p_table text, p_exchange text, p_symbol text, p_first date, p_last date)
RETURNS void
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION 'rows of % on % in % lie in the cold tier: % to %',
        p_symbol, p_exchange, p_table, p_first, p_last
        USING ERRCODE = 'CS003',
              HINT = format('Bring them back first: cryptoscalp retention thaw --table %s --exchange %s --symbol %s'
                            ' --start %s --end %s', p_table, p_exchange, p_symbol, p_first, p_last + 1);
END
$$;
