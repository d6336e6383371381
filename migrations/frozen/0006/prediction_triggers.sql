-- prediction_triggers
SELECT guard_predictions('feature_vectors');
SELECT guard_predictions('model_performance');
SELECT guard_predictions(c.relname) FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
WHERE i.inhparent IN ('feature_vectors'::regclass, 'model_performance'::regclass)
  AND c.relnamespace = 'public'::regnamespace;
CREATE OR REPLACE TRIGGER predictions_append_only BEFORE UPDATE OR DELETE ON feature_vectors
    FOR EACH ROW EXECUTE FUNCTION refuse_prediction_change('feature_vectors');
CREATE OR REPLACE TRIGGER predictions_append_only BEFORE UPDATE OR DELETE ON model_performance
    FOR EACH ROW EXECUTE FUNCTION refuse_prediction_change('model_performance');
CREATE OR REPLACE TRIGGER registry_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON feature_sets
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_registry_change();
CREATE OR REPLACE TRIGGER registry_ours_only BEFORE INSERT ON feature_sets
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_registry_entry();
CREATE OR REPLACE TRIGGER registry_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON model_performance_revisions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_registry_change();
CREATE OR REPLACE TRIGGER registry_ours_only BEFORE INSERT ON model_performance_revisions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_registry_entry();
