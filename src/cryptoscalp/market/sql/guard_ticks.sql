-- Puts the triggers of a tick table on it or on one of its partitions: a statement that names a
-- partition fires no trigger of the parent, so each partition carries its own.
CREATE OR REPLACE FUNCTION guard_ticks(p_table text) RETURNS void
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
DECLARE
    kind text := CASE WHEN p_table LIKE 'market\_data%' THEN 'market_data' ELSE 'order_book_l1' END;
BEGIN
    EXECUTE format('CREATE OR REPLACE TRIGGER ticks_inserted AFTER INSERT ON %I REFERENCING NEW TABLE AS new_rows'
                   ' FOR EACH STATEMENT EXECUTE FUNCTION %I()', p_table, kind || '_inserted');
    EXECUTE format('CREATE OR REPLACE TRIGGER ticks_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %I'
                   ' FOR EACH STATEMENT EXECUTE FUNCTION refuse_tick_change()', p_table);
END
$$;
