-- Puts the triggers of mark_prices or funding_rates on it or on one of its partitions: a statement
-- that names a partition fires no trigger of the parent, so each partition carries its own.
CREATE OR REPLACE FUNCTION guard_states(p_table text) RETURNS void
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
DECLARE
    kind text := CASE WHEN p_table LIKE 'mark\_prices%' THEN 'mark_prices' ELSE 'funding_rates' END;
BEGIN
    EXECUTE format('CREATE OR REPLACE TRIGGER states_inserted AFTER INSERT ON %I REFERENCING NEW TABLE AS new_rows'
                   ' FOR EACH STATEMENT EXECUTE FUNCTION states_inserted(%L)', p_table, kind);
    EXECUTE format('CREATE OR REPLACE TRIGGER states_ours_only BEFORE INSERT ON %I'
                   ' FOR EACH STATEMENT EXECUTE FUNCTION refuse_foreign_insert()', p_table);
    EXECUTE format('CREATE OR REPLACE TRIGGER states_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %I'
                   ' FOR EACH STATEMENT EXECUTE FUNCTION refuse_tick_change()', p_table);
END
$$;
