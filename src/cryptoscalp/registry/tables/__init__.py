"""The registry's tables, as SQLAlchemy Core metadata.

Read for their comments: each table and column says what it holds, in which unit.
"""

from cryptoscalp.registry.tables.columns import metadata
from cryptoscalp.registry.tables.models import (
    deployment_config_history,
    deployment_configs,
    model_aliases,
    model_events,
    model_numbers,
    model_versions,
    models,
)
from cryptoscalp.registry.tables.predictions import (
    feature_sets,
    feature_vectors,
    model_performance,
    model_performance_revisions,
)

__all__ = [
    "deployment_config_history",
    "deployment_configs",
    "feature_sets",
    "feature_vectors",
    "metadata",
    "model_aliases",
    "model_events",
    "model_numbers",
    "model_performance",
    "model_performance_revisions",
    "model_versions",
    "models",
]
