-- adaptation_triggers
CREATE OR REPLACE TRIGGER events_in_order BEFORE INSERT ON adaptation_events
    FOR EACH STATEMENT EXECUTE FUNCTION order_adaptation_events();
CREATE OR REPLACE TRIGGER registry_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON adaptation_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_registry_change();
CREATE OR REPLACE TRIGGER registry_ours_only BEFORE INSERT ON adaptation_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_registry_entry();
CREATE OR REPLACE TRIGGER registry_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON drift_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_registry_change();
CREATE OR REPLACE TRIGGER registry_ours_only BEFORE INSERT ON drift_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_registry_entry();
CREATE OR REPLACE TRIGGER only_forward BEFORE UPDATE ON drift_detectors
    FOR EACH ROW EXECUTE FUNCTION keep_detector();
CREATE OR REPLACE TRIGGER registry_append_only BEFORE DELETE OR TRUNCATE ON drift_detectors
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_registry_change();
CREATE OR REPLACE TRIGGER registry_ours_only BEFORE INSERT ON drift_detectors
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_registry_entry();
CREATE OR REPLACE TRIGGER finished_once BEFORE UPDATE ON adaptation_history
    FOR EACH ROW EXECUTE FUNCTION keep_adaptation();
CREATE OR REPLACE TRIGGER registry_append_only BEFORE DELETE OR TRUNCATE ON adaptation_history
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_registry_change();
CREATE OR REPLACE TRIGGER registry_ours_only BEFORE INSERT ON adaptation_history
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_registry_entry();
CREATE OR REPLACE TRIGGER only_forward BEFORE UPDATE ON adaptation_subscribers
    FOR EACH ROW EXECUTE FUNCTION keep_subscriber();
CREATE OR REPLACE TRIGGER registry_append_only BEFORE DELETE OR TRUNCATE ON adaptation_subscribers
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_registry_change();
CREATE OR REPLACE TRIGGER registry_ours_only BEFORE INSERT ON adaptation_subscribers
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_registry_entry();
