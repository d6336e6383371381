-- stress_triggers
CREATE OR REPLACE TRIGGER stress_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON stress_test_results
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_stress_change();
CREATE OR REPLACE TRIGGER stress_ours_only BEFORE INSERT ON stress_test_results
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_stress_entry();
