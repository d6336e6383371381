-- stress_grants
-- What the product's login may do with stress tests beside reading them: record one.
SELECT ours_alone();
GRANT SELECT ON stress_test_results TO cryptoscalp_app, cryptoscalp_capture;
GRANT EXECUTE ON FUNCTION
    record_stress_test(bigint, timestamptz, stress_kind, text, text, numeric, numeric, numeric, integer, jsonb, jsonb,
                       jsonb, timestamptz)
    TO cryptoscalp_app;
