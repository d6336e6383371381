"""`db.registry`: models and their versions, features, predictions and how they came true."""

from __future__ import annotations

from cryptoscalp.infra.db.face import D_co, Face, operation
from cryptoscalp.registry.aliases import aliases, remove_alias, set_alias
from cryptoscalp.registry.artifacts import verify_artifact
from cryptoscalp.registry.configs import config, config_history, set_config
from cryptoscalp.registry.features import feature_set, feature_sets, register_feature_set
from cryptoscalp.registry.joins import training_set
from cryptoscalp.registry.lifecycle import events, promote, record_metrics, retire, rollback
from cryptoscalp.registry.mlflow_runs import export_to_mlflow, register_from_mlflow
from cryptoscalp.registry.models import declare_model, models
from cryptoscalp.registry.performance import (
    performance,
    performance_of_all,
    performance_summary,
    performance_windows,
)
from cryptoscalp.registry.prediction_reads import predictions
from cryptoscalp.registry.predictions import record_prediction, record_predictions
from cryptoscalp.registry.resolution import latest_predictions, resolve_predictions
from cryptoscalp.registry.revisions import revise_predictions
from cryptoscalp.registry.search import search
from cryptoscalp.registry.vectors import features, record_features
from cryptoscalp.registry.versions import (
    deployed,
    diff,
    latest,
    lineage,
    register_version,
    version,
)


class Registry(Face[D_co]):
    """Models, versions, deployment configs; feature sets and vectors; predictions, performance."""

    __slots__ = ()

    declare_model = operation(declare_model, retry=True)
    models = operation(models, retry=True)
    # Without a label a second run would register a second version.
    register_version = operation(register_version, retry=False)
    version = operation(version, retry=True)
    latest = operation(latest, retry=True)
    deployed = operation(deployed, retry=True)
    search = operation(search, retry=True)
    lineage = operation(lineage, retry=True)
    diff = operation(diff, transaction=True, retry=True)
    verify_artifact = operation(verify_artifact, retry=True)

    register_from_mlflow = operation(register_from_mlflow, retry=True)
    export_to_mlflow = operation(export_to_mlflow, retry=True)

    record_metrics = operation(record_metrics, retry=True)
    promote = operation(promote, retry=True)
    retire = operation(retire, retry=True)
    # A second run would go one further back.
    rollback = operation(rollback, retry=False)
    events = operation(events, retry=True)
    set_alias = operation(set_alias, retry=True)
    remove_alias = operation(remove_alias, retry=False)
    aliases = operation(aliases, retry=True)
    set_config = operation(set_config, retry=True)
    config = operation(config, retry=True)
    config_history = operation(config_history, retry=True)

    resolve_predictions = operation(resolve_predictions, retry=True)
    revise_predictions = operation(revise_predictions, retry=True)
    latest_predictions = operation(latest_predictions, retry=True)
    performance = operation(performance, retry=True)
    performance_windows = operation(performance_windows, retry=True)
    performance_of_all = operation(performance_of_all, retry=True)
    performance_summary = operation(performance_summary, retry=True)
    register_feature_set = operation(register_feature_set, retry=True)
    feature_set = operation(feature_set, retry=True)
    feature_sets = operation(feature_sets, retry=True)
    record_features = operation(record_features, retry=True)
    features = operation(features, retry=True)
    record_prediction = operation(record_prediction, retry=True)
    record_predictions = operation(record_predictions, retry=True)
    predictions = operation(predictions, retry=True)
    training_set = operation(training_set, retry=True)
