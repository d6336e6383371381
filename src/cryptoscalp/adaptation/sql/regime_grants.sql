-- regime_grants
-- What the product's login may do with regimes beside reading them: watch, and record what the rule says.
SELECT ours_alone();
GRANT EXECUTE ON FUNCTION
    watch_regimes(text, text, candle_interval, jsonb, timestamptz),
    unwatch_regimes(text, text, candle_interval),
    record_regimes(text, text, candle_interval, jsonb, timestamptz, timestamptz, jsonb, timestamptz, jsonb)
    TO cryptoscalp_app;
