-- prediction_grants
-- What the product's login may do with features and predictions: read them, and call what writes them.
SELECT ours_alone();
GRANT SELECT ON feature_sets, feature_vectors, model_performance, model_performance_revisions
    TO cryptoscalp_app, cryptoscalp_capture;
GRANT EXECUTE ON FUNCTION
    feature_fingerprint(text[]), register_feature_set(text, text[], text),
    record_features(bigint, text[], text[], timestamptz[], timestamptz[], double precision[]),
    record_predictions(bigint[], text[], text[], timestamptz[], interval[], double precision[], double precision[],
                       double precision[], timestamptz[], bigint[], timestamptz[], boolean),
    record_prediction(bigint, text, text, timestamptz, interval, double precision, double precision, double precision,
                      timestamptz, bigint, timestamptz, bytea, boolean)
    TO cryptoscalp_app;
