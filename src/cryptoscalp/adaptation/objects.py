"""The adaptation subject's functions, views, triggers and grants, in the order they are made."""

from __future__ import annotations

#: Names of files in `sql/`. Each revision that changes one freezes a copy of it.
SQL_OBJECTS: tuple[str, ...] = (
    "order_adaptation_events",
    "adapted_version",
    "keep_detector",
    "watch_drift",
    "stop_drift",
    "take_detector",
    "save_detector",
    "measure_pairs",
    "open_adaptation",
    "start_adaptation",
    "finish_adaptation",
    "abandon_adaptation",
    "keep_adaptation",
    "announce",
    "announce_performance",
    "subscribe_events",
    "acknowledge_event",
    "keep_subscriber",
    "adaptation_triggers",
    "adaptation_grants",
    "refuse_regime_change",
    "guard_regime_state",
    "watch_regimes",
    "unwatch_regimes",
    "record_regimes",
    "regime_triggers",
    "regime_grants",
)
