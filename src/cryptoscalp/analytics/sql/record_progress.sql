-- record_progress
-- Stores how far performance is reckoned and what instruments it was valued with, and drops the notes of
-- changes that were taken in, or handed over to the steps whose buckets have not ended.
CREATE OR REPLACE FUNCTION record_progress(
    p_rows performance_progress[], p_taken bigint[], p_portfolios bigint[], p_symbols text[], p_exchanges text[])
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
    INSERT INTO performance_progress SELECT r.* FROM unnest(p_rows) AS r
    ON CONFLICT (portfolio_id, step) DO UPDATE SET
        began = excluded.began, through = excluded.through, holding = excluded.holding,
        trade_floor = excluded.trade_floor, entry_floor = excluded.entry_floor,
        pending_until = excluded.pending_until, dirty_since = excluded.dirty_since;
    IF cardinality(p_portfolios) > 0 THEN
        INSERT INTO performance_instruments (portfolio_id, symbol, exchange)
        SELECT * FROM unnest(p_portfolios, p_symbols, p_exchanges)
        ON CONFLICT DO NOTHING;
    END IF;
    IF cardinality(p_taken) > 0 THEN
        DELETE FROM performance_changes WHERE change_id = ANY (p_taken);
    END IF;
END
$$;
