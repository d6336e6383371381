-- adaptation_grants
-- What the product's login may do with drifts, regimes and adaptations: read, and call what writes them.
SELECT ours_alone();
GRANT SELECT ON drift_detectors, drift_events, market_regimes, regime_states, adaptation_history, adaptation_events,
    adaptation_subscribers TO cryptoscalp_app, cryptoscalp_capture;
GRANT EXECUTE ON FUNCTION
    watch_drift(bigint, text, text, drift_signal, text, drift_algorithm, jsonb, timestamptz), stop_drift(bigint),
    take_detector(bigint),
    save_detector(bigint, bigint, bigint, bytea, text, timestamptz, text, timestamptz, text, jsonb, text),
    start_adaptation(bigint, adaptation_trigger, adaptation_type, bigint, jsonb, text),
    finish_adaptation(bigint, bigint, timestamptz, timestamptz), abandon_adaptation(bigint, text),
    announce(adaptation_trigger, bigint, text, text, jsonb), announce_performance(double precision, bigint),
    subscribe_events(text, boolean), acknowledge_event(text, bigint)
    TO cryptoscalp_app;
