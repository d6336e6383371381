-- model_triggers
-- What the registry holds against every client: legal moves, declared schemas, events and histories that follow.
CREATE OR REPLACE TRIGGER model_kept BEFORE INSERT OR UPDATE ON models
    FOR EACH ROW EXECUTE FUNCTION keep_model();
CREATE OR REPLACE TRIGGER model_version_kept BEFORE INSERT OR UPDATE ON model_versions
    FOR EACH ROW EXECUTE FUNCTION keep_model_version();
CREATE OR REPLACE TRIGGER model_version_registered AFTER INSERT ON model_versions
    FOR EACH ROW EXECUTE FUNCTION record_model_event();
CREATE OR REPLACE TRIGGER model_version_moved AFTER UPDATE ON model_versions
    FOR EACH ROW WHEN (OLD.status <> NEW.status) EXECUTE FUNCTION record_model_event();
CREATE OR REPLACE TRIGGER model_numbers_made AFTER INSERT ON model_versions
    FOR EACH ROW EXECUTE FUNCTION keep_model_numbers();
CREATE OR REPLACE TRIGGER model_numbers_kept AFTER UPDATE ON model_versions
    FOR EACH ROW WHEN (OLD.performance_metrics IS DISTINCT FROM NEW.performance_metrics)
    EXECUTE FUNCTION keep_model_numbers();
CREATE OR REPLACE TRIGGER model_alias_moved AFTER INSERT OR UPDATE OR DELETE ON model_aliases
    FOR EACH ROW EXECUTE FUNCTION record_model_event();
CREATE OR REPLACE TRIGGER config_revised AFTER INSERT OR UPDATE ON deployment_configs
    FOR EACH ROW EXECUTE FUNCTION record_config_revision();
CREATE OR REPLACE TRIGGER registry_append_only BEFORE DELETE OR TRUNCATE ON models
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_registry_change();
CREATE OR REPLACE TRIGGER registry_append_only BEFORE DELETE OR TRUNCATE ON model_versions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_registry_change();
CREATE OR REPLACE TRIGGER registry_append_only BEFORE TRUNCATE ON model_numbers
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_registry_change();
CREATE OR REPLACE TRIGGER registry_append_only BEFORE TRUNCATE ON model_aliases
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_registry_change();
CREATE OR REPLACE TRIGGER registry_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON model_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_registry_change();
CREATE OR REPLACE TRIGGER registry_append_only BEFORE DELETE OR TRUNCATE ON deployment_configs
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_registry_change();
CREATE OR REPLACE TRIGGER registry_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON deployment_config_history
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_registry_change();
CREATE OR REPLACE TRIGGER registry_ours_only BEFORE INSERT OR UPDATE ON models
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_registry_entry();
CREATE OR REPLACE TRIGGER registry_ours_only BEFORE INSERT ON model_versions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_registry_entry();
CREATE OR REPLACE TRIGGER registry_ours_only BEFORE INSERT OR UPDATE OR DELETE ON model_numbers
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_registry_entry();
CREATE OR REPLACE TRIGGER registry_ours_only BEFORE INSERT OR UPDATE OR DELETE ON model_aliases
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_registry_entry();
CREATE OR REPLACE TRIGGER registry_ours_only BEFORE INSERT ON model_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_registry_entry();
CREATE OR REPLACE TRIGGER registry_ours_only BEFORE INSERT OR UPDATE ON deployment_configs
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_registry_entry();
CREATE OR REPLACE TRIGGER registry_ours_only BEFORE INSERT ON deployment_config_history
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_registry_entry();
