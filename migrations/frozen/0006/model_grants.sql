-- model_grants
-- What the product's login may do with models: read them, and call what registers and moves them.
SELECT ours_alone();
GRANT SELECT ON models, model_versions, model_numbers, model_aliases, model_events, deployment_configs,
    deployment_config_history TO cryptoscalp_app, cryptoscalp_capture;
GRANT EXECUTE ON FUNCTION
    check_schema(jsonb, text), check_declared(jsonb, jsonb, text), known_model_version(text),
    declare_model(text, text, target_price, target_kind, candle_interval, interval, interval, jsonb, jsonb),
    register_model_version(text, text, jsonb, jsonb, text, bytea, bigint, text, timestamptz, timestamptz, bytea, text,
                           text, jsonb),
    promote_model(text, text, text), retire_model(text, text), rollback_model(text, text, text, text),
    record_model_metrics(text, jsonb), set_model_alias(text, text, text), remove_model_alias(text, text, text),
    set_deployment_config(text, jsonb, text)
    TO cryptoscalp_app;
