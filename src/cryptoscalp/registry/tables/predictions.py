"""Features and predictions, cut by day; predictions are resolved once (S2, S8, S14, S15)."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    Index,
    Interval,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from cryptoscalp.infra.db.by_day import INFO, ByDay
from cryptoscalp.market.tables.columns import exchange, moment, symbol
from cryptoscalp.registry.tables.columns import (
    double,
    finite,
    key,
    metadata,
    recorded_at,
    reference,
    refers,
    resolution_state,
    sha256,
)

_GENESIS = "'2009-01-03 00:00:00+00'::timestamptz"

feature_sets = Table(
    "feature_sets",
    metadata,
    key("feature_set_id", "its number"),
    Column("name", Text, nullable=False, comment="the caller's name for it"),
    Column("features", ARRAY(Text), nullable=False,
           comment="names in the order of a vector; one that ends in ? may be absent"),
    sha256("fingerprint", "SHA-256 of the names, each followed by a newline", nullable=False),
    Column("description", Text, comment="what they are"),
    moment("created_at", "when it was declared", server_default=text("now()")),
    UniqueConstraint("fingerprint"),
    CheckConstraint("name <> '' AND cardinality(features) > 0 AND length(fingerprint) = 32",
                    name="chk_feature_set"),
    Index("feature_sets_name_idx", "name", "feature_set_id"),
    comment="Declared schemas of feature vectors, told apart by their fingerprint.",
)  # fmt: skip

feature_vectors = Table(
    "feature_vectors",
    metadata,
    moment("timestamp", "time of the newest input"),
    symbol(),
    exchange(),
    reference("feature_set_id", "schema of the vector"),
    Column("features", ARRAY(Double), nullable=False,
           comment="values in the order of the set; NULL for an absent one"),
    moment("available_at", "when it could be known first; joins go by this"),
    recorded_at(),
    PrimaryKeyConstraint("feature_set_id", "symbol", "exchange", "timestamp"),
    refers("feature_set_id", "feature_sets.feature_set_id"),
    CheckConstraint(f"timestamp >= {_GENESIS} AND available_at >= timestamp",
                    name="chk_feature_times"),
    # Detectors read what was recorded since they last looked; rows lie in that order, more or less.
    Index("feature_vectors_recorded_at_idx", "recorded_at", postgresql_using="brin",
          postgresql_with={"pages_per_range": 32, "autosummarize": "on"}),
    comment="Feature vectors, append-only; one a moment, instrument and set.",
    postgresql_partition_by="RANGE (timestamp)",
    info={INFO: ByDay("feature_vectors", ("feature_set_id", "symbol", "exchange"),
                      ("timestamp",))},
)  # fmt: skip

model_performance = Table(
    "model_performance",
    metadata,
    moment("timestamp", "when it was predicted: the decision"),
    Column("model_version", String(50), nullable=False, comment="filled from the registry"),
    symbol(),
    double("prediction", "predicted price in quote currency, or return as a fraction"),
    double("actual", "what it came to at due_at; NULL until resolved", nullable=True),
    double("confidence", "probability, 0 to 1, that the predicted direction is right"),
    double("latency_ms", "from input to prediction, milliseconds"),
    exchange(),
    reference("model_id", "model version that predicted"),
    Column("horizon", Interval, nullable=False, comment="how far ahead; hours and less, no days"),
    moment("due_at", "timestamp + horizon"),
    moment("inputs_until", "time of the newest input; never after timestamp"),
    reference("feature_set_id", "schema of the features that it read", nullable=True),
    moment("features_at", "timestamp of the vector that it read, a soft reference",
           nullable=True),
    double("reference", "price at the decision by the model's rule; set with actual",
           nullable=True),
    Column("resolution", resolution_state, nullable=False, server_default="PENDING",
           comment="UNRESOLVABLE: the price at due_at cannot be known; says why"),
    moment("resolved_at", "when it left PENDING", nullable=True),
    Column("resolution_detail", Text, comment="why it is UNRESOLVABLE"),
    Column("backfilled", Boolean, nullable=False,
           comment="recorded when its outcome could be known already"),
    recorded_at(),
    PrimaryKeyConstraint("model_id", "symbol", "exchange", "timestamp", "horizon"),
    refers("model_id", "model_versions.model_id", "fk_model_performance_versions"),
    CheckConstraint("confidence >= 0 AND confidence <= 1", name="chk_confidence_range"),
    # No price is larger, and the square of one still is a double.
    CheckConstraint(finite("actual", "reference")
                    + " AND prediction > -1e38 AND prediction < 1e38"
                    " AND latency_ms >= 0 AND latency_ms < 1e38",
                    name="chk_prediction_finite"),
    CheckConstraint(f"timestamp >= {_GENESIS} AND inputs_until <= timestamp"
                    " AND (features_at IS NULL OR features_at <= timestamp)"
                    " AND (features_at IS NULL OR feature_set_id IS NOT NULL)",
                    name="chk_no_leakage"),
    CheckConstraint("horizon > interval '0' AND extract(day FROM horizon) = 0"
                    " AND extract(month FROM horizon) = 0 AND extract(year FROM horizon) = 0",
                    name="chk_horizon"),
    CheckConstraint("(resolution = 'RESOLVED') = (actual IS NOT NULL)"
                    " AND (resolution = 'RESOLVED') = (reference IS NOT NULL)"
                    " AND (resolution = 'PENDING') = (resolved_at IS NULL)"
                    " AND (resolution = 'UNRESOLVABLE') = (resolution_detail IS NOT NULL)",
                    name="chk_resolution"),
    Index("model_performance_model_symbol_timestamp_idx", "model_version", "symbol", "timestamp"),
    Index("model_performance_pending_idx", "due_at",
          postgresql_where=text("resolution = 'PENDING'")),
    Index("model_performance_due_at_idx", "due_at", postgresql_using="brin"),
    # Detectors read errors as they became known, latencies as they were recorded.
    Index("model_performance_resolved_idx", "model_id", "symbol", "exchange", "resolved_at",
          "timestamp", "horizon", postgresql_where=text("resolution = 'RESOLVED'")),
    Index("model_performance_recorded_at_idx", "recorded_at", postgresql_using="brin",
          postgresql_with={"pages_per_range": 32, "autosummarize": "on"}),
    comment="Predictions and what they came to; append-only but for the outcome, set once.",
    postgresql_partition_by="RANGE (timestamp)",
    info={INFO: ByDay("model_performance", ("model_id", "symbol", "exchange"),
                      ("timestamp", "horizon"))},
)  # fmt: skip

model_performance_revisions = Table(
    "model_performance_revisions",
    metadata,
    key("revision_id", "its number"),
    reference("model_id", "model version that predicted"),
    symbol(),
    exchange(),
    moment("timestamp", "of the prediction, a soft reference"),
    Column("horizon", Interval, nullable=False, comment="of the prediction"),
    Column("old_resolution", resolution_state, nullable=False, comment="as known before"),
    double("old_actual", "as known before", nullable=True),
    double("old_reference", "as known before", nullable=True),
    Column("new_resolution", resolution_state, nullable=False, comment="by what is stored now"),
    double("new_actual", "by what is stored now", nullable=True),
    double("new_reference", "by what is stored now", nullable=True),
    Column("detail", Text, comment="why it is UNRESOLVABLE now"),
    recorded_at(),
    refers("model_id", "model_versions.model_id"),
    CheckConstraint(finite("new_actual", "new_reference"), name="chk_revision_finite"),
    CheckConstraint("(new_resolution = 'RESOLVED') = (new_actual IS NOT NULL)"
                    " AND new_resolution <> 'PENDING'", name="chk_revision_resolution"),
    Index("model_performance_revisions_key_idx", "model_id", "symbol", "exchange", "timestamp",
          "horizon", "revision_id"),
    Index("model_performance_revisions_recorded_at_idx", "recorded_at"),
    comment="What ticks that came after a resolution would have changed; append-only.",
)  # fmt: skip
