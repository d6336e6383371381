-- Drops what this revision made.
DROP FUNCTION record_stress_test;
DROP TABLE stress_test_results;
DROP FUNCTION refuse_stress_change, refuse_stress_entry;
DROP TYPE stress_kind;
