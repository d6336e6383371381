-- resolution_grants
-- What the product's login may do with outcomes: read them, and call what resolves and revises.
SELECT ours_alone();
GRANT SELECT ON model_performance_summary TO cryptoscalp_app, cryptoscalp_capture;
GRANT EXECUTE ON FUNCTION performance_of_day() TO cryptoscalp_app, cryptoscalp_capture;
GRANT EXECUTE ON FUNCTION
    last_tick(text, text, target_price, text, timestamptz, timestamptz),
    observed_at(text, text, timestamptz, target_price, candle_interval, interval),
    prediction_outcome(text, text, timestamptz, timestamptz, target_price, target_kind, candle_interval, interval,
                       interval, timestamptz),
    resolve_predictions(integer, bigint, timestamptz, bigint, text, text, timestamptz),
    revise_predictions(timestamptz, timestamptz, timestamptz, integer, bigint, text, text, bigint, text, text,
                       timestamptz, interval)
    TO cryptoscalp_app;
