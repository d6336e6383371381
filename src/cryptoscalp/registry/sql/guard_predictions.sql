-- guard_predictions
-- Puts the triggers that are not inherited on model_performance, feature_vectors or one of their partitions.
CREATE OR REPLACE FUNCTION guard_predictions(p_table text) RETURNS void
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
BEGIN
    EXECUTE format('CREATE OR REPLACE TRIGGER registry_append_only BEFORE TRUNCATE ON %I'
                   ' FOR EACH STATEMENT EXECUTE FUNCTION refuse_registry_change()', p_table);
    EXECUTE format('CREATE OR REPLACE TRIGGER registry_ours_only BEFORE INSERT ON %I'
                   ' FOR EACH STATEMENT EXECUTE FUNCTION refuse_registry_entry()', p_table);
END
$$;
