-- note_books_change
-- Notes for the next refresh which portfolio's books have new rows, of what time and from which id on. A row
-- of its own for each statement, so that fills of one portfolio do not wait for each other here. Of cash only
-- what no trade moved, row by row: that of a trade is found by the trade, and costs a fill nothing here.
CREATE OR REPLACE FUNCTION note_books_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
    IF TG_TABLE_NAME = 'trades' THEN
        INSERT INTO performance_changes (portfolio_id, since, until, trade_floor, order_floor)
        SELECT portfolio_id, min(timestamp), max(timestamp), min(trade_id),
               min(trade_id) FILTER (WHERE order_id IS NOT NULL)
        FROM new_rows GROUP BY portfolio_id;
    ELSE
        INSERT INTO performance_changes (portfolio_id, since, until, entry_floor)
        VALUES (NEW.portfolio_id, NEW.timestamp, NEW.timestamp, NEW.entry_id);
    END IF;
    RETURN NULL;
END
$$;
