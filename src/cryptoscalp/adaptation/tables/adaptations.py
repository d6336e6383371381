"""What was done about drifts and regimes, and the events that a trainer subscribes to."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Index,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    text,
)

from cryptoscalp.adaptation.tables.columns import adaptation_trigger, adaptation_type, metadata
from cryptoscalp.market.tables.columns import exchange_type, moment, symbol_type
from cryptoscalp.registry.tables import model_versions
from cryptoscalp.registry.tables.columns import document, key, recorded_at, reference, refers

adaptation_history = Table(
    "adaptation_history",
    metadata,
    key("adaptation_id", "its number"),
    moment("timestamp", "when it began"),
    Column("model_version", String(50), nullable=False, comment="filled from the registry"),
    Column("trigger_event", adaptation_trigger, nullable=False, comment="why"),
    Column("adaptation_type", adaptation_type, nullable=False, comment="what was done"),
    document("performance_before", "of model_id over the window; NULL until finished"),
    document("performance_after", "of result_model_id over the same predictions"),
    Column("success", Boolean, comment="by success_rule; NULL until finished or undecidable"),
    reference("model_id", "model version that was adapted"),
    reference("result_model_id", "model version that came of it", nullable=True),
    document("success_rule", "metric, direction, least improvement and number of predictions",
             nullable=False),
    moment("window_start", "both are measured on predictions from here", nullable=True),
    moment("window_end", "to here, exclusive", nullable=True),
    reference("event_id", "event that it answers", nullable=True),
    moment("finished_at", "when it was measured; NULL while it goes on", nullable=True),
    Column("note", Text, comment="the caller's own"),
    recorded_at(),
    refers("model_id", model_versions.c.model_id, "fk_adaptation_history_model"),
    refers("result_model_id", model_versions.c.model_id, "fk_adaptation_history_result"),
    refers("event_id", "adaptation_events.event_id"),
    CheckConstraint("(window_start IS NULL) = (window_end IS NULL)"
                    " AND (window_start IS NULL OR window_start < window_end)"
                    " AND (finished_at IS NOT NULL OR"
                    " (success IS NULL AND performance_after IS NULL))",
                    name="chk_adaptation"),
    Index("adaptation_history_model_id_idx", "model_id", "timestamp"),
    Index("adaptation_history_timestamp_idx", "timestamp"),
    Index("adaptation_history_answers_idx", "event_id", "model_id", "adaptation_type", unique=True,
          postgresql_where=text("event_id IS NOT NULL AND finished_at IS NULL")),
    comment="Adaptations: why, what, and how it was before and after; finished once.",
)  # fmt: skip

adaptation_events = Table(
    "adaptation_events",
    metadata,
    key("event_id", "its number, in the order of commit"),
    moment("timestamp", "when what it tells of happened"),
    Column("kind", adaptation_trigger, nullable=False, comment="what happened"),
    reference("model_id", "model version that it is about, if any", nullable=True),
    Column("symbol", symbol_type, comment="instrument that it is about, if any"),
    Column("exchange", exchange_type, comment="and its market"),
    reference("drift_event_id", "the drift", nullable=True),
    reference("regime_id", "the regime that began", nullable=True),
    document("payload", "what a trainer needs to know", nullable=False,
             server_default=text("'{}'::jsonb")),
    recorded_at(),
    refers("model_id", model_versions.c.model_id),
    refers("drift_event_id", "drift_events.drift_event_id"),
    refers("regime_id", "market_regimes.regime_id"),
    CheckConstraint("(kind = 'DRIFT') = (drift_event_id IS NOT NULL)"
                    " AND (kind = 'REGIME_CHANGE') = (regime_id IS NOT NULL)",
                    name="chk_adaptation_event"),
    Index("adaptation_events_model_id_idx", "model_id", "event_id"),
    Index("adaptation_events_drift_idx", "drift_event_id", unique=True,
          postgresql_where=text("drift_event_id IS NOT NULL")),
    Index("adaptation_events_regime_idx", "regime_id", unique=True,
          postgresql_where=text("regime_id IS NOT NULL")),
    comment="Events for trainers, append-only, delivered at least once to each subscriber.",
)  # fmt: skip

adaptation_subscribers = Table(
    "adaptation_subscribers",
    metadata,
    Column("name", Text, nullable=False, comment="the subscriber's name for itself"),
    reference("event_id", "the last event that it is done with"),
    moment("created_at", "since when it subscribes", server_default=text("now()")),
    moment("updated_at", "when it was done with that event", server_default=text("now()")),
    PrimaryKeyConstraint("name"),
    CheckConstraint("name <> ''", name="chk_subscriber_named"),
    comment="How far each subscriber of adaptation_events has come.",
)
