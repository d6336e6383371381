"""The registry's functions, views, triggers and grants, in the order they are made."""

from __future__ import annotations

from importlib.resources import files

#: Names of files in `sql/`. Each revision that changes one freezes a copy of it.
SQL_OBJECTS: tuple[str, ...] = (
    "ours_alone",
    "refuse_registry_change",
    "refuse_registry_entry",
    "refuse_prediction_change",
    "guard_predictions",
    "check_schema",
    "check_declared",
    "known_model",
    "known_model_version",
    "keep_model",
    "keep_model_version",
    "record_model_event",
    "keep_model_numbers",
    "record_config_revision",
    "declare_model",
    "register_model_version",
    "move_model_version",
    "promote_model",
    "retire_model",
    "rollback_model",
    "record_model_metrics",
    "set_model_alias",
    "remove_model_alias",
    "set_deployment_config",
    "model_triggers",
    "model_grants",
    "prediction_triggers",
    "feature_fingerprint",
    "register_feature_set",
    "record_features",
    "prediction_fault",
    "prediction_untimely",
    "prediction_content",
    "record_predictions",
    "record_prediction",
    "prediction_grants",
    "last_tick",
    "observed_at",
    "prediction_outcome",
    "resolve_predictions",
    "revise_predictions",
    "model_performance_summary",
    "resolution_grants",
)


def sql_text(name: str) -> str:
    """The text of one live SQL object."""
    return files("cryptoscalp.registry").joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
