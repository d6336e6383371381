"""Drift detectors with their state, and the drifts that they found."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, LargeBinary, Table, Text, text

from cryptoscalp.adaptation.tables.columns import drift_algorithm, drift_signal, metadata
from cryptoscalp.market.tables.columns import exchange, moment, symbol
from cryptoscalp.registry.tables import model_versions
from cryptoscalp.registry.tables.columns import (
    document,
    double,
    finite,
    key,
    recorded_at,
    reference,
    refers,
)

drift_detectors = Table(
    "drift_detectors",
    metadata,
    key("detector_id", "its number"),
    reference("model_id", "model version whose predictions or features it watches"),
    symbol(),
    exchange(),
    Column("signal", drift_signal, nullable=False, comment="what it watches"),
    Column("feature", Text, comment="name of the feature, for FEATURE"),
    Column("algorithm", drift_algorithm, nullable=False, comment="detector of river, or PSI"),
    document("parameters", "of the algorithm, all of them", nullable=False),
    Column("state", LargeBinary, comment="the detector's; NULL before its first observation"),
    Column("state_format", Text, comment="what wrote state: format and library version"),
    moment("position_at", "order key of the last observation taken in", nullable=True),
    Column("position_key", Text, comment="and what tells it from others of that time"),
    moment("since_at", "order key after which its state begins: the last drift, or its start",
           nullable=True),
    Column("since_key", Text, comment="and what tells it from others of that time"),
    Column("observations", BigInteger, nullable=False, server_default="0",
           comment="observations taken in"),
    Column("note", Text, comment="how its state was made again, where it once was"),
    Column("drifts", BigInteger, nullable=False, server_default="0", comment="drifts found"),
    moment("created_at", "when it was declared", server_default=text("now()")),
    moment("updated_at", "when it last took in observations", nullable=True),
    moment("stopped_at", "when it was stopped; NULL while it watches", nullable=True),
    refers("model_id", model_versions.c.model_id),
    CheckConstraint("(signal = 'FEATURE') = (feature IS NOT NULL)"
                    " AND (state IS NULL) = (state_format IS NULL)"
                    " AND (position_at IS NULL) = (position_key IS NULL)"
                    " AND (since_at IS NULL) = (since_key IS NULL)"
                    " AND observations >= 0 AND drifts BETWEEN 0 AND observations",
                    name="chk_detector"),
    Index("drift_detectors_once_idx", "model_id", "symbol", "exchange", "signal", "feature",
          "algorithm", unique=True, postgresql_nulls_not_distinct=True,
          postgresql_where=text("stopped_at IS NULL")),
    comment="Drift detectors; their state goes on after a restart as if there had been none.",
)  # fmt: skip

drift_events = Table(
    "drift_events",
    metadata,
    key("drift_event_id", "its number"),
    reference("detector_id", "detector that found it"),
    moment("timestamp", "of the observation at which it was found"),
    Column("observation", BigInteger, nullable=False, comment="its number among the detector's"),
    double("statistic", "what exceeded the threshold, as the algorithm defines it",
           nullable=True),
    double("threshold", "what it exceeded", nullable=True),
    document("detail", "mean before and after, counts, as far as the algorithm knows them"),
    recorded_at(),
    refers("detector_id", "drift_detectors.detector_id"),
    CheckConstraint(finite("statistic", "threshold"), name="chk_drift_finite"),
    Index("drift_events_once_idx", "detector_id", "observation", unique=True),
    Index("drift_events_timestamp_idx", "timestamp"),
    comment="Drifts found, one row each, append-only.",
)  # fmt: skip
