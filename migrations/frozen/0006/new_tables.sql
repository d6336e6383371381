CREATE TYPE model_status AS ENUM ('TRAINING', 'VALIDATING', 'DEPLOYED', 'RETIRED');

CREATE TYPE target_price AS ENUM ('LAST_TRADE', 'MID', 'CANDLE_CLOSE');

CREATE TYPE target_kind AS ENUM ('PRICE', 'RETURN');

CREATE TYPE resolution_state AS ENUM ('PENDING', 'RESOLVED', 'UNRESOLVABLE');

CREATE TABLE models (
    model_name VARCHAR(100) NOT NULL,
    description TEXT,
    target_price target_price DEFAULT 'LAST_TRADE' NOT NULL,
    target_kind target_kind DEFAULT 'PRICE' NOT NULL,
    target_interval candle_interval,
    target_reach INTERVAL DEFAULT interval '1 minute' NOT NULL,
    patience INTERVAL DEFAULT interval '1 day' NOT NULL,
    hyperparameter_schema JSONB,
    metric_schema JSONB,
    last_version_number INTEGER DEFAULT '0' NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT models_pkey PRIMARY KEY (model_name),
    CONSTRAINT chk_model_named CHECK (model_name <> '' AND model_name = btrim(model_name) AND model_name !~ '[:@#]' AND model_name !~ '^[0-9]+$'),
    CONSTRAINT chk_model_target CHECK ((target_price = 'CANDLE_CLOSE') = (target_interval IS NOT NULL) AND target_reach > interval '0' AND patience >= interval '0')
);

COMMENT ON TABLE models IS 'Models by name: what they predict, and the declared schemas of their versions.';

COMMENT ON COLUMN models.model_name IS 'the caller''s name for it';

COMMENT ON COLUMN models.description IS 'what it does';

COMMENT ON COLUMN models.target_price IS 'price that its predictions are compared with';

COMMENT ON COLUMN models.target_kind IS 'PRICE: it predicts that price; RETURN: price / price at the decision - 1';

COMMENT ON COLUMN models.target_interval IS 'interval of CANDLE_CLOSE; else NULL';

COMMENT ON COLUMN models.target_reach IS 'a price older than this is not taken for the price at a moment';

COMMENT ON COLUMN models.patience IS 'how long an outcome waits for coverage once it is due and recorded';

COMMENT ON COLUMN models.hyperparameter_schema IS 'declared names and types; NULL: any';

COMMENT ON COLUMN models.metric_schema IS 'declared names and types; NULL: any';

COMMENT ON COLUMN models.last_version_number IS 'the highest version_number given out';

COMMENT ON COLUMN models.created_at IS 'when it was declared';

CREATE TABLE feature_sets (
    feature_set_id BIGINT GENERATED ALWAYS AS IDENTITY,
    name TEXT NOT NULL,
    features TEXT[] NOT NULL,
    fingerprint BYTEA NOT NULL,
    description TEXT,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT feature_sets_pkey PRIMARY KEY (feature_set_id),
    CONSTRAINT feature_sets_fingerprint_key UNIQUE (fingerprint),
    CONSTRAINT chk_feature_set CHECK (name <> '' AND cardinality(features) > 0 AND length(fingerprint) = 32)
);

CREATE INDEX feature_sets_name_idx ON feature_sets (name, feature_set_id);

COMMENT ON TABLE feature_sets IS 'Declared schemas of feature vectors, told apart by their fingerprint.';

COMMENT ON COLUMN feature_sets.feature_set_id IS 'its number';

COMMENT ON COLUMN feature_sets.name IS 'the caller''s name for it';

COMMENT ON COLUMN feature_sets.features IS 'names in the order of a vector; one that ends in ? may be absent';

COMMENT ON COLUMN feature_sets.fingerprint IS 'SHA-256 of the names, each followed by a newline';

COMMENT ON COLUMN feature_sets.description IS 'what they are';

COMMENT ON COLUMN feature_sets.created_at IS 'when it was declared';

CREATE TABLE model_versions (
    model_id BIGINT GENERATED ALWAYS AS IDENTITY,
    model_name VARCHAR(100) NOT NULL,
    version VARCHAR(50) NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    deployed_at TIMESTAMP WITH TIME ZONE,
    status model_status DEFAULT 'TRAINING' NOT NULL,
    performance_metrics JSONB,
    hyperparameters JSONB,
    model_path VARCHAR(500),
    version_number INTEGER NOT NULL,
    slot VARCHAR(100),
    replaces_model_id BIGINT,
    retired_at TIMESTAMP WITH TIME ZONE,
    artifact_sha256 BYTEA,
    artifact_bytes BIGINT,
    parent_model_id BIGINT,
    trained_from TIMESTAMP WITH TIME ZONE,
    trained_until TIMESTAMP WITH TIME ZONE,
    training_data_sha256 BYTEA,
    code_revision TEXT,
    feature_set_id BIGINT,
    tags JSONB DEFAULT '{}'::jsonb NOT NULL,
    CONSTRAINT model_versions_pkey PRIMARY KEY (model_id),
    CONSTRAINT fk_model_versions_models FOREIGN KEY(model_name) REFERENCES models (model_name) ON DELETE RESTRICT,
    CONSTRAINT fk_model_versions_model_versions FOREIGN KEY(parent_model_id) REFERENCES model_versions (model_id) ON DELETE RESTRICT,
    CONSTRAINT fk_model_versions_replaces FOREIGN KEY(replaces_model_id) REFERENCES model_versions (model_id) ON DELETE RESTRICT,
    CONSTRAINT fk_model_versions_feature_sets FOREIGN KEY(feature_set_id) REFERENCES feature_sets (feature_set_id) ON DELETE RESTRICT,
    CONSTRAINT model_versions_model_name_version_key UNIQUE (model_name, version),
    CONSTRAINT model_versions_model_name_version_number_key UNIQUE (model_name, version_number),
    CONSTRAINT chk_version_named CHECK (version <> '' AND version = btrim(version) AND version_number > 0 AND (version = version_number::text OR version ~ '[^0-9]')),
    CONSTRAINT chk_version_deployed CHECK (status <> 'DEPLOYED' OR (slot IS NOT NULL AND deployed_at IS NOT NULL)),
    CONSTRAINT chk_version_artifact CHECK ((artifact_sha256 IS NULL) = (artifact_bytes IS NULL) AND (artifact_sha256 IS NULL) = (model_path IS NULL) AND (artifact_sha256 IS NULL OR length(artifact_sha256) = 32) AND (artifact_bytes IS NULL OR artifact_bytes >= 0)),
    CONSTRAINT chk_version_lineage CHECK ((trained_from IS NULL) = (trained_until IS NULL) AND trained_from < trained_until AND (training_data_sha256 IS NULL OR length(training_data_sha256) = 32))
);

CREATE INDEX model_versions_any_slot_idx ON model_versions (slot, model_id) WHERE slot IS NOT NULL;

CREATE INDEX model_versions_any_status_idx ON model_versions (status, model_id);

CREATE INDEX model_versions_artifact_sha256_idx ON model_versions (artifact_sha256) WHERE artifact_sha256 IS NOT NULL;

CREATE INDEX model_versions_model_path_idx ON model_versions (model_path, model_id) WHERE model_path IS NOT NULL;

CREATE INDEX model_versions_feature_set_id_idx ON model_versions (feature_set_id, model_id) WHERE feature_set_id IS NOT NULL;

CREATE INDEX model_versions_trained_idx ON model_versions USING gist (tstzrange(trained_from, trained_until)) WHERE trained_from IS NOT NULL;

CREATE INDEX model_versions_code_revision_idx ON model_versions (code_revision) WHERE code_revision IS NOT NULL;

CREATE INDEX model_versions_created_at_idx ON model_versions (created_at, model_id);

CREATE INDEX model_versions_hyperparameters_idx ON model_versions USING gin (hyperparameters jsonb_path_ops);

CREATE INDEX model_versions_parent_model_id_idx ON model_versions (parent_model_id) WHERE parent_model_id IS NOT NULL;

CREATE INDEX model_versions_slot_idx ON model_versions (model_name, slot, deployed_at) WHERE slot IS NOT NULL;

CREATE INDEX model_versions_status_idx ON model_versions (model_name, status, version_number);

CREATE INDEX model_versions_tags_idx ON model_versions USING gin (tags jsonb_path_ops);

CREATE INDEX model_versions_training_data_sha256_idx ON model_versions (training_data_sha256) WHERE training_data_sha256 IS NOT NULL;

CREATE UNIQUE INDEX model_versions_deployed_idx ON model_versions (model_name, slot) WHERE status = 'DEPLOYED';

COMMENT ON TABLE model_versions IS 'Versions of models: lifecycle, metrics, artifact and lineage. None is deleted.';

COMMENT ON COLUMN model_versions.model_id IS 'its number';

COMMENT ON COLUMN model_versions.model_name IS 'model that it is a version of';

COMMENT ON COLUMN model_versions.version IS 'the caller''s label; else the number';

COMMENT ON COLUMN model_versions.created_at IS 'when it was registered';

COMMENT ON COLUMN model_versions.deployed_at IS 'last deployment; NULL before the first';

COMMENT ON COLUMN model_versions.status IS 'TRAINING, VALIDATING, DEPLOYED, RETIRED, in this order';

COMMENT ON COLUMN model_versions.performance_metrics IS 'validation metrics, of the model''s metric_schema';

COMMENT ON COLUMN model_versions.hyperparameters IS 'of the model''s hyperparameter_schema';

COMMENT ON COLUMN model_versions.model_path IS 'where the artifact lies';

COMMENT ON COLUMN model_versions.version_number IS '1, 2, 3, ... of its model';

COMMENT ON COLUMN model_versions.slot IS 'where it is, or was last, deployed';

COMMENT ON COLUMN model_versions.replaces_model_id IS 'version that held the slot before it: a rollback goes there';

COMMENT ON COLUMN model_versions.retired_at IS 'when it was retired last';

COMMENT ON COLUMN model_versions.artifact_sha256 IS 'of the artifact; another one is refused at load';

COMMENT ON COLUMN model_versions.artifact_bytes IS 'size of the artifact';

COMMENT ON COLUMN model_versions.parent_model_id IS 'version that it was made from';

COMMENT ON COLUMN model_versions.trained_from IS 'start of the training data';

COMMENT ON COLUMN model_versions.trained_until IS 'end of the training data, exclusive';

COMMENT ON COLUMN model_versions.training_data_sha256 IS 'content hash of the training data';

COMMENT ON COLUMN model_versions.code_revision IS 'revision of the code that trained it';

COMMENT ON COLUMN model_versions.feature_set_id IS 'features that it reads; vectors of another set are refused';

COMMENT ON COLUMN model_versions.tags IS 'the caller''s own';

CREATE TABLE feature_vectors (
    timestamp TIMESTAMP WITH TIME ZONE NOT NULL,
    symbol symbol NOT NULL,
    exchange exchange_id NOT NULL,
    feature_set_id BIGINT NOT NULL,
    features DOUBLE PRECISION[] NOT NULL,
    available_at TIMESTAMP WITH TIME ZONE NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT feature_vectors_pkey PRIMARY KEY (feature_set_id, symbol, exchange, timestamp),
    CONSTRAINT fk_feature_vectors_feature_sets FOREIGN KEY(feature_set_id) REFERENCES feature_sets (feature_set_id) ON DELETE RESTRICT,
    CONSTRAINT chk_feature_times CHECK (timestamp >= '2009-01-03 00:00:00+00'::timestamptz AND available_at >= timestamp)
)
 PARTITION BY RANGE (timestamp);

CREATE INDEX feature_vectors_recorded_at_idx ON feature_vectors USING brin (recorded_at) WITH (pages_per_range = 32, autosummarize = on);

COMMENT ON TABLE feature_vectors IS 'Feature vectors, append-only; one a moment, instrument and set.';

COMMENT ON COLUMN feature_vectors.timestamp IS 'time of the newest input';

COMMENT ON COLUMN feature_vectors.symbol IS 'the venue''s own symbol';

COMMENT ON COLUMN feature_vectors.exchange IS 'ccxt id of the market';

COMMENT ON COLUMN feature_vectors.feature_set_id IS 'schema of the vector';

COMMENT ON COLUMN feature_vectors.features IS 'values in the order of the set; NULL for an absent one';

COMMENT ON COLUMN feature_vectors.available_at IS 'when it could be known first; joins go by this';

COMMENT ON COLUMN feature_vectors.recorded_at IS 'when this row was written';

CREATE TABLE model_numbers (
    model_id BIGINT NOT NULL,
    model_name VARCHAR(100) NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    value DOUBLE PRECISION NOT NULL,
    CONSTRAINT model_numbers_pkey PRIMARY KEY (model_id, kind, name),
    CONSTRAINT fk_model_numbers_model_versions FOREIGN KEY(model_id) REFERENCES model_versions (model_id) ON DELETE RESTRICT,
    CONSTRAINT chk_model_number_kind CHECK (kind IN ('metric', 'hyperparameter')),
    CONSTRAINT chk_model_number_finite CHECK ((value IS NULL OR (value > '-Infinity' AND value < 'Infinity')))
);

CREATE INDEX model_numbers_newest_idx ON model_numbers (kind, name, model_id) INCLUDE (value);

CREATE INDEX model_numbers_any_value_idx ON model_numbers (kind, name, value, model_id);

CREATE INDEX model_numbers_value_idx ON model_numbers (model_name, kind, name, value, model_id);

COMMENT ON TABLE model_numbers IS 'Numeric metrics and hyperparameters one by one, for search; kept by a trigger.';

COMMENT ON COLUMN model_numbers.model_id IS 'version that it is of';

COMMENT ON COLUMN model_numbers.model_name IS 'its model';

COMMENT ON COLUMN model_numbers.kind IS 'metric or hyperparameter';

COMMENT ON COLUMN model_numbers.name IS 'its name there';

COMMENT ON COLUMN model_numbers.value IS 'the number';

CREATE TABLE model_aliases (
    model_name VARCHAR(100) NOT NULL,
    alias VARCHAR(100) NOT NULL,
    model_id BIGINT NOT NULL,
    set_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT model_aliases_pkey PRIMARY KEY (model_name, alias),
    CONSTRAINT fk_model_aliases_models FOREIGN KEY(model_name) REFERENCES models (model_name) ON DELETE RESTRICT,
    CONSTRAINT fk_model_aliases_model_versions FOREIGN KEY(model_id) REFERENCES model_versions (model_id) ON DELETE RESTRICT,
    CONSTRAINT chk_alias_is_a_word CHECK (alias ~ '^[A-Za-z][A-Za-z0-9_.-]*$')
);

CREATE INDEX model_aliases_alias_idx ON model_aliases (alias, model_id);

CREATE INDEX model_aliases_model_id_idx ON model_aliases (model_id);

COMMENT ON TABLE model_aliases IS 'Names that move from version to version.';

COMMENT ON COLUMN model_aliases.model_name IS 'model that it is an alias in';

COMMENT ON COLUMN model_aliases.alias IS 'champion, challenger, ...';

COMMENT ON COLUMN model_aliases.model_id IS 'version that it means';

COMMENT ON COLUMN model_aliases.set_at IS 'since when';

CREATE TABLE model_events (
    event_id BIGINT GENERATED ALWAYS AS IDENTITY,
    model_id BIGINT NOT NULL,
    timestamp TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    from_status model_status,
    to_status model_status,
    slot VARCHAR(100),
    alias VARCHAR(100),
    removed BOOLEAN DEFAULT 'false' NOT NULL,
    rollback BOOLEAN DEFAULT 'false' NOT NULL,
    note TEXT,
    CONSTRAINT model_events_pkey PRIMARY KEY (event_id),
    CONSTRAINT fk_model_events_model_versions FOREIGN KEY(model_id) REFERENCES model_versions (model_id) ON DELETE RESTRICT,
    CONSTRAINT chk_model_event CHECK (num_nonnulls(to_status, alias) = 1)
);

CREATE INDEX model_events_model_id_idx ON model_events (model_id, event_id);

COMMENT ON TABLE model_events IS 'What happened to a version: moves of its lifecycle and of aliases, append-only.';

COMMENT ON COLUMN model_events.event_id IS 'its number';

COMMENT ON COLUMN model_events.model_id IS 'version that it happened to';

COMMENT ON COLUMN model_events.timestamp IS 'when it happened';

COMMENT ON COLUMN model_events.from_status IS 'status before; NULL where it did not change';

COMMENT ON COLUMN model_events.to_status IS 'status after; NULL where it did not change';

COMMENT ON COLUMN model_events.slot IS 'slot that it was deployed to or taken from';

COMMENT ON COLUMN model_events.alias IS 'alias that was set';

COMMENT ON COLUMN model_events.removed IS 'the alias was taken away from it';

COMMENT ON COLUMN model_events.rollback IS 'part of a rollback';

COMMENT ON COLUMN model_events.note IS 'why';

CREATE TABLE deployment_configs (
    model_id BIGINT NOT NULL,
    config JSONB NOT NULL,
    revision INTEGER NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    note TEXT,
    CONSTRAINT deployment_configs_pkey PRIMARY KEY (model_id),
    CONSTRAINT fk_deployment_configs_model_versions FOREIGN KEY(model_id) REFERENCES model_versions (model_id) ON DELETE RESTRICT,
    CONSTRAINT chk_config_is_an_object CHECK (jsonb_typeof(config) = 'object')
);

COMMENT ON TABLE deployment_configs IS 'The current configuration of each version; changes go to the history.';

COMMENT ON COLUMN deployment_configs.model_id IS 'version that it configures';

COMMENT ON COLUMN deployment_configs.config IS 'what the bot reads';

COMMENT ON COLUMN deployment_configs.revision IS '1, 2, 3, ... of this version';

COMMENT ON COLUMN deployment_configs.updated_at IS 'since when';

COMMENT ON COLUMN deployment_configs.note IS 'why it was changed';

CREATE TABLE deployment_config_history (
    model_id BIGINT NOT NULL,
    revision INTEGER NOT NULL,
    config JSONB NOT NULL,
    note TEXT,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT deployment_config_history_pkey PRIMARY KEY (model_id, revision),
    CONSTRAINT fk_deployment_config_history_model_versions FOREIGN KEY(model_id) REFERENCES model_versions (model_id) ON DELETE RESTRICT
);

COMMENT ON TABLE deployment_config_history IS 'Every configuration that a version had, the current one too; append-only.';

COMMENT ON COLUMN deployment_config_history.model_id IS 'version that it configured';

COMMENT ON COLUMN deployment_config_history.revision IS '1, 2, 3, ... of this version';

COMMENT ON COLUMN deployment_config_history.config IS 'the whole configuration';

COMMENT ON COLUMN deployment_config_history.note IS 'why it was changed';

COMMENT ON COLUMN deployment_config_history.recorded_at IS 'when this row was written';

CREATE TABLE model_performance (
    timestamp TIMESTAMP WITH TIME ZONE NOT NULL,
    model_version VARCHAR(50) NOT NULL,
    symbol symbol NOT NULL,
    prediction DOUBLE PRECISION NOT NULL,
    actual DOUBLE PRECISION,
    confidence DOUBLE PRECISION NOT NULL,
    latency_ms DOUBLE PRECISION NOT NULL,
    exchange exchange_id NOT NULL,
    model_id BIGINT NOT NULL,
    horizon INTERVAL NOT NULL,
    due_at TIMESTAMP WITH TIME ZONE NOT NULL,
    inputs_until TIMESTAMP WITH TIME ZONE NOT NULL,
    feature_set_id BIGINT,
    features_at TIMESTAMP WITH TIME ZONE,
    reference DOUBLE PRECISION,
    resolution resolution_state DEFAULT 'PENDING' NOT NULL,
    resolved_at TIMESTAMP WITH TIME ZONE,
    resolution_detail TEXT,
    backfilled BOOLEAN NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT model_performance_pkey PRIMARY KEY (model_id, symbol, exchange, timestamp, horizon),
    CONSTRAINT fk_model_performance_versions FOREIGN KEY(model_id) REFERENCES model_versions (model_id) ON DELETE RESTRICT,
    CONSTRAINT chk_confidence_range CHECK (confidence >= 0 AND confidence <= 1),
    CONSTRAINT chk_prediction_finite CHECK ((actual IS NULL OR (actual > '-Infinity' AND actual < 'Infinity')) AND (reference IS NULL OR (reference > '-Infinity' AND reference < 'Infinity')) AND prediction > -1e38 AND prediction < 1e38 AND latency_ms >= 0 AND latency_ms < 1e38),
    CONSTRAINT chk_no_leakage CHECK (timestamp >= '2009-01-03 00:00:00+00'::timestamptz AND inputs_until <= timestamp AND (features_at IS NULL OR features_at <= timestamp) AND (features_at IS NULL OR feature_set_id IS NOT NULL)),
    CONSTRAINT chk_horizon CHECK (horizon > interval '0' AND extract(day FROM horizon) = 0 AND extract(month FROM horizon) = 0 AND extract(year FROM horizon) = 0),
    CONSTRAINT chk_resolution CHECK ((resolution = 'RESOLVED') = (actual IS NOT NULL) AND (resolution = 'RESOLVED') = (reference IS NOT NULL) AND (resolution = 'PENDING') = (resolved_at IS NULL) AND (resolution = 'UNRESOLVABLE') = (resolution_detail IS NOT NULL))
)
 PARTITION BY RANGE (timestamp);

CREATE INDEX model_performance_due_at_idx ON model_performance USING brin (due_at);

CREATE INDEX model_performance_model_symbol_timestamp_idx ON model_performance (model_version, symbol, timestamp);

CREATE INDEX model_performance_pending_idx ON model_performance (due_at) WHERE resolution = 'PENDING';

CREATE INDEX model_performance_recorded_at_idx ON model_performance USING brin (recorded_at) WITH (pages_per_range = 32, autosummarize = on);

CREATE INDEX model_performance_resolved_idx ON model_performance (model_id, symbol, exchange, resolved_at, timestamp, horizon) WHERE resolution = 'RESOLVED';

COMMENT ON TABLE model_performance IS 'Predictions and what they came to; append-only but for the outcome, set once.';

COMMENT ON COLUMN model_performance.timestamp IS 'when it was predicted: the decision';

COMMENT ON COLUMN model_performance.model_version IS 'filled from the registry';

COMMENT ON COLUMN model_performance.symbol IS 'the venue''s own symbol';

COMMENT ON COLUMN model_performance.prediction IS 'predicted price in quote currency, or return as a fraction';

COMMENT ON COLUMN model_performance.actual IS 'what it came to at due_at; NULL until resolved';

COMMENT ON COLUMN model_performance.confidence IS 'probability, 0 to 1, that the predicted direction is right';

COMMENT ON COLUMN model_performance.latency_ms IS 'from input to prediction, milliseconds';

COMMENT ON COLUMN model_performance.exchange IS 'ccxt id of the market';

COMMENT ON COLUMN model_performance.model_id IS 'model version that predicted';

COMMENT ON COLUMN model_performance.horizon IS 'how far ahead; hours and less, no days';

COMMENT ON COLUMN model_performance.due_at IS 'timestamp + horizon';

COMMENT ON COLUMN model_performance.inputs_until IS 'time of the newest input; never after timestamp';

COMMENT ON COLUMN model_performance.feature_set_id IS 'schema of the features that it read';

COMMENT ON COLUMN model_performance.features_at IS 'timestamp of the vector that it read, a soft reference';

COMMENT ON COLUMN model_performance.reference IS 'price at the decision by the model''s rule; set with actual';

COMMENT ON COLUMN model_performance.resolution IS 'UNRESOLVABLE: the price at due_at cannot be known; says why';

COMMENT ON COLUMN model_performance.resolved_at IS 'when it left PENDING';

COMMENT ON COLUMN model_performance.resolution_detail IS 'why it is UNRESOLVABLE';

COMMENT ON COLUMN model_performance.backfilled IS 'recorded when its outcome could be known already';

COMMENT ON COLUMN model_performance.recorded_at IS 'when this row was written';

CREATE TABLE model_performance_revisions (
    revision_id BIGINT GENERATED ALWAYS AS IDENTITY,
    model_id BIGINT NOT NULL,
    symbol symbol NOT NULL,
    exchange exchange_id NOT NULL,
    timestamp TIMESTAMP WITH TIME ZONE NOT NULL,
    horizon INTERVAL NOT NULL,
    old_resolution resolution_state NOT NULL,
    old_actual DOUBLE PRECISION,
    old_reference DOUBLE PRECISION,
    new_resolution resolution_state NOT NULL,
    new_actual DOUBLE PRECISION,
    new_reference DOUBLE PRECISION,
    detail TEXT,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT model_performance_revisions_pkey PRIMARY KEY (revision_id),
    CONSTRAINT fk_model_performance_revisions_model_versions FOREIGN KEY(model_id) REFERENCES model_versions (model_id) ON DELETE RESTRICT,
    CONSTRAINT chk_revision_finite CHECK ((new_actual IS NULL OR (new_actual > '-Infinity' AND new_actual < 'Infinity')) AND (new_reference IS NULL OR (new_reference > '-Infinity' AND new_reference < 'Infinity'))),
    CONSTRAINT chk_revision_resolution CHECK ((new_resolution = 'RESOLVED') = (new_actual IS NOT NULL) AND new_resolution <> 'PENDING')
);

CREATE INDEX model_performance_revisions_key_idx ON model_performance_revisions (model_id, symbol, exchange, timestamp, horizon, revision_id);

CREATE INDEX model_performance_revisions_recorded_at_idx ON model_performance_revisions (recorded_at);

COMMENT ON TABLE model_performance_revisions IS 'What ticks that came after a resolution would have changed; append-only.';

COMMENT ON COLUMN model_performance_revisions.revision_id IS 'its number';

COMMENT ON COLUMN model_performance_revisions.model_id IS 'model version that predicted';

COMMENT ON COLUMN model_performance_revisions.symbol IS 'the venue''s own symbol';

COMMENT ON COLUMN model_performance_revisions.exchange IS 'ccxt id of the market';

COMMENT ON COLUMN model_performance_revisions.timestamp IS 'of the prediction, a soft reference';

COMMENT ON COLUMN model_performance_revisions.horizon IS 'of the prediction';

COMMENT ON COLUMN model_performance_revisions.old_resolution IS 'as known before';

COMMENT ON COLUMN model_performance_revisions.old_actual IS 'as known before';

COMMENT ON COLUMN model_performance_revisions.old_reference IS 'as known before';

COMMENT ON COLUMN model_performance_revisions.new_resolution IS 'by what is stored now';

COMMENT ON COLUMN model_performance_revisions.new_actual IS 'by what is stored now';

COMMENT ON COLUMN model_performance_revisions.new_reference IS 'by what is stored now';

COMMENT ON COLUMN model_performance_revisions.detail IS 'why it is UNRESOLVABLE now';

COMMENT ON COLUMN model_performance_revisions.recorded_at IS 'when this row was written';

CREATE TYPE regime_type AS ENUM ('TRENDING', 'RANGING', 'VOLATILE', 'CRISIS');

CREATE TYPE adaptation_trigger AS ENUM ('DRIFT', 'REGIME_CHANGE', 'PERFORMANCE', 'MANUAL');

CREATE TYPE adaptation_type AS ENUM ('RETRAINING', 'FINETUNING', 'PARAMETER_UPDATE');

CREATE TYPE drift_signal AS ENUM ('ERROR', 'FEATURE', 'LATENCY');

CREATE TYPE drift_algorithm AS ENUM ('ADWIN', 'PAGE_HINKLEY', 'KSWIN', 'PSI');

CREATE TABLE adaptation_subscribers (
    name TEXT NOT NULL,
    event_id BIGINT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT adaptation_subscribers_pkey PRIMARY KEY (name),
    CONSTRAINT chk_subscriber_named CHECK (name <> '')
);

COMMENT ON TABLE adaptation_subscribers IS 'How far each subscriber of adaptation_events has come.';

COMMENT ON COLUMN adaptation_subscribers.name IS 'the subscriber''s name for itself';

COMMENT ON COLUMN adaptation_subscribers.event_id IS 'the last event that it is done with';

COMMENT ON COLUMN adaptation_subscribers.created_at IS 'since when it subscribes';

COMMENT ON COLUMN adaptation_subscribers.updated_at IS 'when it was done with that event';

CREATE TABLE drift_detectors (
    detector_id BIGINT GENERATED ALWAYS AS IDENTITY,
    model_id BIGINT NOT NULL,
    symbol symbol NOT NULL,
    exchange exchange_id NOT NULL,
    signal drift_signal NOT NULL,
    feature TEXT,
    algorithm drift_algorithm NOT NULL,
    parameters JSONB NOT NULL,
    state BYTEA,
    state_format TEXT,
    position_at TIMESTAMP WITH TIME ZONE,
    position_key TEXT,
    since_at TIMESTAMP WITH TIME ZONE,
    since_key TEXT,
    observations BIGINT DEFAULT '0' NOT NULL,
    note TEXT,
    drifts BIGINT DEFAULT '0' NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE,
    stopped_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT drift_detectors_pkey PRIMARY KEY (detector_id),
    CONSTRAINT fk_drift_detectors_model_versions FOREIGN KEY(model_id) REFERENCES model_versions (model_id) ON DELETE RESTRICT,
    CONSTRAINT chk_detector CHECK ((signal = 'FEATURE') = (feature IS NOT NULL) AND (state IS NULL) = (state_format IS NULL) AND (position_at IS NULL) = (position_key IS NULL) AND (since_at IS NULL) = (since_key IS NULL) AND observations >= 0 AND drifts BETWEEN 0 AND observations)
);

CREATE UNIQUE INDEX drift_detectors_once_idx ON drift_detectors (model_id, symbol, exchange, signal, feature, algorithm) NULLS NOT DISTINCT WHERE stopped_at IS NULL;

COMMENT ON TABLE drift_detectors IS 'Drift detectors; their state goes on after a restart as if there had been none.';

COMMENT ON COLUMN drift_detectors.detector_id IS 'its number';

COMMENT ON COLUMN drift_detectors.model_id IS 'model version whose predictions or features it watches';

COMMENT ON COLUMN drift_detectors.symbol IS 'the venue''s own symbol';

COMMENT ON COLUMN drift_detectors.exchange IS 'ccxt id of the market';

COMMENT ON COLUMN drift_detectors.signal IS 'what it watches';

COMMENT ON COLUMN drift_detectors.feature IS 'name of the feature, for FEATURE';

COMMENT ON COLUMN drift_detectors.algorithm IS 'detector of river, or PSI';

COMMENT ON COLUMN drift_detectors.parameters IS 'of the algorithm, all of them';

COMMENT ON COLUMN drift_detectors.state IS 'the detector''s; NULL before its first observation';

COMMENT ON COLUMN drift_detectors.state_format IS 'what wrote state: format and library version';

COMMENT ON COLUMN drift_detectors.position_at IS 'order key of the last observation taken in';

COMMENT ON COLUMN drift_detectors.position_key IS 'and what tells it from others of that time';

COMMENT ON COLUMN drift_detectors.since_at IS 'order key after which its state begins: the last drift, or its start';

COMMENT ON COLUMN drift_detectors.since_key IS 'and what tells it from others of that time';

COMMENT ON COLUMN drift_detectors.observations IS 'observations taken in';

COMMENT ON COLUMN drift_detectors.note IS 'how its state was made again, where it once was';

COMMENT ON COLUMN drift_detectors.drifts IS 'drifts found';

COMMENT ON COLUMN drift_detectors.created_at IS 'when it was declared';

COMMENT ON COLUMN drift_detectors.updated_at IS 'when it last took in observations';

COMMENT ON COLUMN drift_detectors.stopped_at IS 'when it was stopped; NULL while it watches';

CREATE TABLE market_regimes (
    regime_id BIGINT GENERATED ALWAYS AS IDENTITY,
    timestamp TIMESTAMP WITH TIME ZONE NOT NULL,
    symbol symbol NOT NULL,
    regime_type regime_type NOT NULL,
    confidence DOUBLE PRECISION NOT NULL,
    features JSONB NOT NULL,
    duration_minutes INTEGER DEFAULT '0' NOT NULL,
    exchange exchange_id NOT NULL,
    interval candle_interval NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT market_regimes_pkey PRIMARY KEY (regime_id),
    CONSTRAINT fk_market_regimes_instruments FOREIGN KEY(symbol, exchange) REFERENCES instruments (symbol, exchange) ON DELETE RESTRICT,
    CONSTRAINT market_regimes_symbol_exchange_interval_timestamp_key UNIQUE (symbol, exchange, interval, timestamp),
    CONSTRAINT chk_regime CHECK (confidence >= 0 AND confidence <= 1 AND duration_minutes >= 0)
);

COMMENT ON TABLE market_regimes IS 'Regimes one after the other; the one at t is the last with timestamp <= t. A label is never changed afterwards, only its duration goes on.';

COMMENT ON COLUMN market_regimes.regime_id IS 'its number';

COMMENT ON COLUMN market_regimes.timestamp IS 'since when: the end of the candle with which it became known';

COMMENT ON COLUMN market_regimes.symbol IS 'the venue''s own symbol';

COMMENT ON COLUMN market_regimes.regime_type IS 'which';

COMMENT ON COLUMN market_regimes.confidence IS '0 to 1, when it began';

COMMENT ON COLUMN market_regimes.features IS 'what decided: volatility, trend strength, drawdown, spread, rule';

COMMENT ON COLUMN market_regimes.duration_minutes IS 'whole minutes from timestamp to the end of the last candle seen in it';

COMMENT ON COLUMN market_regimes.exchange IS 'ccxt id of the market';

COMMENT ON COLUMN market_regimes.interval IS 'candles that it is reckoned on';

COMMENT ON COLUMN market_regimes.recorded_at IS 'when this row was written';

CREATE TABLE regime_states (
    symbol symbol NOT NULL,
    exchange exchange_id NOT NULL,
    interval candle_interval NOT NULL,
    through TIMESTAMP WITH TIME ZONE,
    state JSONB DEFAULT '{}'::jsonb NOT NULL,
    rule JSONB NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    announced_from TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE,
    stopped_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT regime_states_pkey PRIMARY KEY (symbol, exchange, interval),
    CONSTRAINT fk_regime_states_instruments FOREIGN KEY(symbol, exchange) REFERENCES instruments (symbol, exchange) ON DELETE RESTRICT
);

COMMENT ON TABLE regime_states IS 'Instruments whose regimes are reckoned, and where the reckoning stands.';

COMMENT ON COLUMN regime_states.symbol IS 'the venue''s own symbol';

COMMENT ON COLUMN regime_states.exchange IS 'ccxt id of the market';

COMMENT ON COLUMN regime_states.interval IS 'candles that it is reckoned on';

COMMENT ON COLUMN regime_states.through IS 'end of the last candle taken in';

COMMENT ON COLUMN regime_states.state IS 'what the online rule carries from candle to candle';

COMMENT ON COLUMN regime_states.rule IS 'name and parameters of the rule';

COMMENT ON COLUMN regime_states.created_at IS 'when it was asked for';

COMMENT ON COLUMN regime_states.announced_from IS 'changes before it make no event';

COMMENT ON COLUMN regime_states.updated_at IS 'when it last took in a candle';

COMMENT ON COLUMN regime_states.stopped_at IS 'when it was stopped; NULL while it goes on';

CREATE TABLE drift_events (
    drift_event_id BIGINT GENERATED ALWAYS AS IDENTITY,
    detector_id BIGINT NOT NULL,
    timestamp TIMESTAMP WITH TIME ZONE NOT NULL,
    observation BIGINT NOT NULL,
    statistic DOUBLE PRECISION,
    threshold DOUBLE PRECISION,
    detail JSONB,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT drift_events_pkey PRIMARY KEY (drift_event_id),
    CONSTRAINT fk_drift_events_drift_detectors FOREIGN KEY(detector_id) REFERENCES drift_detectors (detector_id) ON DELETE RESTRICT,
    CONSTRAINT chk_drift_finite CHECK ((statistic IS NULL OR (statistic > '-Infinity' AND statistic < 'Infinity')) AND (threshold IS NULL OR (threshold > '-Infinity' AND threshold < 'Infinity')))
);

CREATE INDEX drift_events_timestamp_idx ON drift_events (timestamp);

CREATE UNIQUE INDEX drift_events_once_idx ON drift_events (detector_id, observation);

COMMENT ON TABLE drift_events IS 'Drifts found, one row each, append-only.';

COMMENT ON COLUMN drift_events.drift_event_id IS 'its number';

COMMENT ON COLUMN drift_events.detector_id IS 'detector that found it';

COMMENT ON COLUMN drift_events.timestamp IS 'of the observation at which it was found';

COMMENT ON COLUMN drift_events.observation IS 'its number among the detector''s';

COMMENT ON COLUMN drift_events.statistic IS 'what exceeded the threshold, as the algorithm defines it';

COMMENT ON COLUMN drift_events.threshold IS 'what it exceeded';

COMMENT ON COLUMN drift_events.detail IS 'mean before and after, counts, as far as the algorithm knows them';

COMMENT ON COLUMN drift_events.recorded_at IS 'when this row was written';

CREATE TABLE adaptation_events (
    event_id BIGINT GENERATED ALWAYS AS IDENTITY,
    timestamp TIMESTAMP WITH TIME ZONE NOT NULL,
    kind adaptation_trigger NOT NULL,
    model_id BIGINT,
    symbol symbol,
    exchange exchange_id,
    drift_event_id BIGINT,
    regime_id BIGINT,
    payload JSONB DEFAULT '{}'::jsonb NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT adaptation_events_pkey PRIMARY KEY (event_id),
    CONSTRAINT fk_adaptation_events_model_versions FOREIGN KEY(model_id) REFERENCES model_versions (model_id) ON DELETE RESTRICT,
    CONSTRAINT fk_adaptation_events_drift_events FOREIGN KEY(drift_event_id) REFERENCES drift_events (drift_event_id) ON DELETE RESTRICT,
    CONSTRAINT fk_adaptation_events_market_regimes FOREIGN KEY(regime_id) REFERENCES market_regimes (regime_id) ON DELETE RESTRICT,
    CONSTRAINT chk_adaptation_event CHECK ((kind = 'DRIFT') = (drift_event_id IS NOT NULL) AND (kind = 'REGIME_CHANGE') = (regime_id IS NOT NULL))
);

CREATE INDEX adaptation_events_model_id_idx ON adaptation_events (model_id, event_id);

CREATE UNIQUE INDEX adaptation_events_drift_idx ON adaptation_events (drift_event_id) WHERE drift_event_id IS NOT NULL;

CREATE UNIQUE INDEX adaptation_events_regime_idx ON adaptation_events (regime_id) WHERE regime_id IS NOT NULL;

COMMENT ON TABLE adaptation_events IS 'Events for trainers, append-only, delivered at least once to each subscriber.';

COMMENT ON COLUMN adaptation_events.event_id IS 'its number, in the order of commit';

COMMENT ON COLUMN adaptation_events.timestamp IS 'when what it tells of happened';

COMMENT ON COLUMN adaptation_events.kind IS 'what happened';

COMMENT ON COLUMN adaptation_events.model_id IS 'model version that it is about, if any';

COMMENT ON COLUMN adaptation_events.symbol IS 'instrument that it is about, if any';

COMMENT ON COLUMN adaptation_events.exchange IS 'and its market';

COMMENT ON COLUMN adaptation_events.drift_event_id IS 'the drift';

COMMENT ON COLUMN adaptation_events.regime_id IS 'the regime that began';

COMMENT ON COLUMN adaptation_events.payload IS 'what a trainer needs to know';

COMMENT ON COLUMN adaptation_events.recorded_at IS 'when this row was written';

CREATE TABLE adaptation_history (
    adaptation_id BIGINT GENERATED ALWAYS AS IDENTITY,
    timestamp TIMESTAMP WITH TIME ZONE NOT NULL,
    model_version VARCHAR(50) NOT NULL,
    trigger_event adaptation_trigger NOT NULL,
    adaptation_type adaptation_type NOT NULL,
    performance_before JSONB,
    performance_after JSONB,
    success BOOLEAN,
    model_id BIGINT NOT NULL,
    result_model_id BIGINT,
    success_rule JSONB NOT NULL,
    window_start TIMESTAMP WITH TIME ZONE,
    window_end TIMESTAMP WITH TIME ZONE,
    event_id BIGINT,
    finished_at TIMESTAMP WITH TIME ZONE,
    note TEXT,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT adaptation_history_pkey PRIMARY KEY (adaptation_id),
    CONSTRAINT fk_adaptation_history_model FOREIGN KEY(model_id) REFERENCES model_versions (model_id) ON DELETE RESTRICT,
    CONSTRAINT fk_adaptation_history_result FOREIGN KEY(result_model_id) REFERENCES model_versions (model_id) ON DELETE RESTRICT,
    CONSTRAINT fk_adaptation_history_adaptation_events FOREIGN KEY(event_id) REFERENCES adaptation_events (event_id) ON DELETE RESTRICT,
    CONSTRAINT chk_adaptation CHECK ((window_start IS NULL) = (window_end IS NULL) AND (window_start IS NULL OR window_start < window_end) AND (finished_at IS NOT NULL OR (success IS NULL AND performance_after IS NULL)))
);

CREATE INDEX adaptation_history_model_id_idx ON adaptation_history (model_id, timestamp);

CREATE INDEX adaptation_history_timestamp_idx ON adaptation_history (timestamp);

CREATE UNIQUE INDEX adaptation_history_answers_idx ON adaptation_history (event_id, model_id, adaptation_type) WHERE event_id IS NOT NULL AND finished_at IS NULL;

COMMENT ON TABLE adaptation_history IS 'Adaptations: why, what, and how it was before and after; finished once.';

COMMENT ON COLUMN adaptation_history.adaptation_id IS 'its number';

COMMENT ON COLUMN adaptation_history.timestamp IS 'when it began';

COMMENT ON COLUMN adaptation_history.model_version IS 'filled from the registry';

COMMENT ON COLUMN adaptation_history.trigger_event IS 'why';

COMMENT ON COLUMN adaptation_history.adaptation_type IS 'what was done';

COMMENT ON COLUMN adaptation_history.performance_before IS 'of model_id over the window; NULL until finished';

COMMENT ON COLUMN adaptation_history.performance_after IS 'of result_model_id over the same predictions';

COMMENT ON COLUMN adaptation_history.success IS 'by success_rule; NULL until finished or undecidable';

COMMENT ON COLUMN adaptation_history.model_id IS 'model version that was adapted';

COMMENT ON COLUMN adaptation_history.result_model_id IS 'model version that came of it';

COMMENT ON COLUMN adaptation_history.success_rule IS 'metric, direction, least improvement and number of predictions';

COMMENT ON COLUMN adaptation_history.window_start IS 'both are measured on predictions from here';

COMMENT ON COLUMN adaptation_history.window_end IS 'to here, exclusive';

COMMENT ON COLUMN adaptation_history.event_id IS 'event that it answers';

COMMENT ON COLUMN adaptation_history.finished_at IS 'when it was measured; NULL while it goes on';

COMMENT ON COLUMN adaptation_history.note IS 'the caller''s own';

COMMENT ON COLUMN adaptation_history.recorded_at IS 'when this row was written';
