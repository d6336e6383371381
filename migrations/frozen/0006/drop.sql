-- Drops what this revision made.
DROP VIEW model_performance_summary;
DROP FUNCTION performance_of_day;
DROP INDEX orders_model_id_idx;
ALTER TABLE orders DROP CONSTRAINT fk_orders_model_versions;
ALTER TABLE trades DROP CONSTRAINT fk_trades_model_versions;
-- Functions first: some return rows of the tables.
DROP FUNCTION record_regimes, watch_regimes, unwatch_regimes, watch_drift, stop_drift, take_detector, save_detector,
    start_adaptation, finish_adaptation, abandon_adaptation, open_adaptation, measure_pairs, announce_performance,
    announce, subscribe_events, acknowledge_event, adapted_version;
DROP FUNCTION revise_predictions, resolve_predictions, prediction_outcome, observed_at, last_tick;
DROP FUNCTION record_prediction, record_predictions, prediction_content, prediction_untimely, prediction_fault,
    record_features, register_feature_set, feature_fingerprint;
DROP FUNCTION set_deployment_config, remove_model_alias, set_model_alias, record_model_metrics, rollback_model,
    retire_model, promote_model, move_model_version, register_model_version, declare_model, known_model_version,
    known_model;
-- One by one: a hypertable is not dropped along with others.
DROP TABLE model_performance;
DROP TABLE feature_vectors;
DROP TABLE adaptation_history, adaptation_events, adaptation_subscribers, drift_events, drift_detectors, market_regimes,
    regime_states, model_performance_revisions, deployment_config_history,
    deployment_configs, model_events, model_aliases, model_numbers, model_versions, models, feature_sets;
DROP FUNCTION keep_detector, keep_adaptation, keep_subscriber, refuse_regime_change, guard_regime_state,
    order_adaptation_events;
DROP FUNCTION record_config_revision, keep_model_numbers, record_model_event, keep_model_version, keep_model,
    check_declared, check_schema;
DROP FUNCTION guard_predictions, refuse_prediction_change, refuse_registry_entry, refuse_registry_change, ours_alone;
DROP TYPE model_status, target_price, target_kind, resolution_state, regime_type, adaptation_trigger, adaptation_type,
    drift_signal, drift_algorithm;
