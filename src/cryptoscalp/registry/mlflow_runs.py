"""Flows: versions from runs of MLflow, and runs from versions; with the extra cryptoscalp[mlflow].

`mlflow_store` and `mlflow_export` speak to MLflow; here it meets the registry.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptoscalp.infra.db.flow import Flow, call, rows
from cryptoscalp.registry.artifacts import verify_artifact
from cryptoscalp.registry.mlflow_export import Described, exported
from cryptoscalp.registry.mlflow_store import finished_run
from cryptoscalp.registry.model_types import ModelReference, ModelVersion, Registered
from cryptoscalp.registry.versions import lineage, register_version


def register_from_mlflow(
    run_id: str,
    name: str,
    *,
    artifact: str | None = None,
    download_to: Path | str | None = None,
    tracking_uri: str | None = None,
    version: str | None = None,
    parent: ModelReference | None = None,
    trained_from: datetime | None = None,
    trained_until: datetime | None = None,
    training_data_sha256: str | bytes | None = None,
    feature_set: str | int | None = None,
    tags: Mapping[str, Any] | None = None,
) -> Flow[Registered]:
    """Register a finished run of MLflow as a version, labelled mlflow-RUN_ID unless said.

    Parameters become hyperparameters: numbers, lists and objects where they read as JSON, True and
    False as booleans, all else as text. The last value of each metric is taken; those that are not
    finite stand by name in the tag mlflow.not_finite. The run and its experiment are in the tags,
    the commit that MLflow noted is the code revision. `artifact` is a path within the run's
    artifacts; where they do not lie in a folder of this machine it is downloaded into
    `download_to`, and stays there. `tracking_uri` is MLflow's own unless given. The same run again
    is a duplicate. Raises InputError (the library is missing, the run is not finished), NotFound
    (no such run or artifact; no such store, where it would lie on this machine), TrackingError, and
    what register_version raises.
    """
    folder = None if download_to is None else Path(download_to)
    run = yield from call(lambda: finished_run(run_id, artifact, folder, tracking_uri))
    found = yield from register_version(
        name,
        version=f"mlflow-{run_id}" if version is None else version,
        hyperparameters=run.hyperparameters,
        metrics=run.metrics,
        artifact=run.artifact,
        parent=parent,
        trained_from=trained_from,
        trained_until=trained_until,
        training_data_sha256=training_data_sha256,
        code_revision=run.code_revision,
        feature_set=feature_set,
        tags={**(tags or {}), **run.tags},
    )
    return found


def export_to_mlflow(
    model: ModelReference,
    *,
    tracking_uri: str | None = None,
    experiment: str | None = None,
) -> Flow[str]:
    """Make a run of MLflow from a version; returns its run id.

    It has the hyperparameters, metrics, tags, lineage (tags that begin with cryptoscalp.) and the
    artifact under `model`, which is verified first. Where the store has a model registry, a version
    of the registered model of this name points to it, with the aliases. The experiment has the
    model's name unless given. The same version again is the same run, brought up to date; one
    export of a version at a time. Raises InputError (the library is missing), NotFound,
    ArtifactAltered, TrackingError.
    """
    line = yield from lineage(model, limit=2)
    found = line[0]
    artifact = None
    if found.model_path is not None:
        artifact = yield from verify_artifact(found.model_id)
    fingerprint = None
    if found.feature_set_id is not None:
        read = yield from rows(
            "SELECT encode(fingerprint, 'hex') FROM feature_sets WHERE feature_set_id = %s",
            (found.feature_set_id,),
        )
        fingerprint = read[0][0]
    told = Described(found, _facts(found, line[1] if len(line) > 1 else None, fingerprint))
    run_id = yield from call(lambda: exported(told, artifact, tracking_uri, experiment))
    return run_id


def _facts(one: ModelVersion, parent: ModelVersion | None, features: str | None) -> dict[str, str]:
    """What the registry knows of a version beside its parameters and metrics."""
    known = {
        "model_id": one.model_id,
        "model": f"{one.model_name}:{one.version_number}",
        "version": one.version,
        "created_at": one.created_at,
        "status": one.status,
        "slot": one.slot,
        "parent": parent and f"{parent.model_name}:{parent.version_number}",
        "trained_from": one.trained_from,
        "trained_until": one.trained_until,
        "training_data_sha256": one.training_data_sha256,
        "feature_fingerprint": features,
        "artifact_sha256": one.artifact_sha256,
        "artifact_bytes": one.artifact_bytes,
    }
    return {
        name: value.isoformat() if isinstance(value, datetime) else str(value)
        for name, value in known.items()
        if value is not None
    }
