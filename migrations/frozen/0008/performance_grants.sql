-- performance_grants
-- What the product's login may do with performance: read it, and have it reckoned.
SELECT ours_alone();
GRANT SELECT ON performance_analytics, fill_slippage, performance_progress, performance_instruments,
    performance_changes, performance
    TO cryptoscalp_app, cryptoscalp_capture;
GRANT EXECUTE ON FUNCTION
    lock_performance(bigint[]), take_price_changes(), measure_slippage(bigint[], bigint, timestamptz),
    record_performance(performance_analytics[], timestamptz, bigint[], performance_period[], timestamptz[]),
    record_progress(performance_progress[], bigint[], bigint[], text[], text[])
    TO cryptoscalp_app;
