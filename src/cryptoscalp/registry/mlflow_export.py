"""Runs of MLflow written for versions of models, and brought up to date.

All of it blocks. The library is an extra and is loaded at the first call only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cryptoscalp.registry.mlflow_store import COMMIT, opened
from cryptoscalp.registry.model_types import ModelVersion

_FOLDER: Final = "model"
#: What MLflow gives a meaning of its own.
_RESERVED_ALIAS: Final = re.compile(r"latest|v\d+", re.IGNORECASE)
#: Entries that one call of MLflow's takes.
_MOST: Final = {"params": 100, "metrics": 1_000, "tags": 100}


@dataclass(frozen=True, slots=True)
class Described:
    """A version with the facts that become tags cryptoscalp.NAME of its run."""

    version: ModelVersion
    facts: Mapping[str, str]


def exported(
    told: Described, artifact: Path | None, tracking_uri: str | None, experiment: str | None
) -> str:
    """Write the run of a version, or bring it up to date; returns its id."""
    one = told.version
    tags = {f"cryptoscalp.{name}": value for name, value in told.facts.items()}
    with opened(tracking_uri) as client:
        run = _run_of(client, experiment or one.model_name, tags, tags["cryptoscalp.model"])
        run_id: str = run.info.run_id
        known = {**_own_tags(one), **tags}
        if one.code_revision is not None:
            known[COMMIT] = one.code_revision
        _log(client, run, one, known)
        if run.info.status != "FINISHED":
            if artifact is not None:
                log = client.log_artifacts if artifact.is_dir() else client.log_artifact
                log(run_id, str(artifact), _FOLDER)
            # Last, so that a run that was cut off is completed by the next call.
            client.set_terminated(run_id)
        _register(client, run, one)
    return run_id


def _run_of(client: Any, experiment: str, tags: Mapping[str, str], name: str) -> Any:
    found = client.get_experiment_by_name(experiment)
    number = client.create_experiment(experiment) if found is None else found.experiment_id
    # The number alone may be that of a version in another database.
    same = " AND ".join(
        f"tags.`cryptoscalp.{key}` = '{tags[f'cryptoscalp.{key}']}'"
        for key in ("model_id", "created_at")
    )
    runs = client.search_runs([number], filter_string=same, max_results=1)
    if runs:
        return runs[0]
    made = client.create_run(number, run_name=name, tags=dict(tags))
    return client.get_run(made.info.run_id)


def _own_tags(one: ModelVersion) -> dict[str, str]:
    """The version's tags and what of its metrics is no number, as text."""
    made = {
        # MLflow takes names that begin with its own for itself.
        f"cryptoscalp.{name}" if name.startswith("mlflow.") else name: _text(value)
        for name, value in one.tags.items()
    }
    others = {n: v for n, v in (one.metrics or {}).items() if not _is_metric(v)}
    if others:
        made["cryptoscalp.metrics"] = _text(others)
    return made


def _is_metric(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _text(value: Any) -> str:
    if isinstance(value, (bool, str)):
        return str(value)
    return json.dumps(value, ensure_ascii=False)


def _log(client: Any, run: Any, one: ModelVersion, tags: Mapping[str, str]) -> None:
    """Log what the run does not have yet."""
    from mlflow.entities import Metric, Param, RunTag

    held = run.data
    params = [
        Param(name, _text(value))
        for name, value in (one.hyperparameters or {}).items()
        if held.params.get(name) != _text(value)
    ]
    at = int(one.created_at.timestamp() * 1_000)
    metrics = [
        Metric(name, float(value), at, 0)
        for name, value in (one.metrics or {}).items()
        if _is_metric(value) and held.metrics.get(name) != float(value)
    ]
    marks = [RunTag(name, text) for name, text in tags.items() if held.tags.get(name) != text]
    for key, entries in (("params", params), ("metrics", metrics), ("tags", marks)):
        for start in range(0, len(entries), _MOST[key]):
            client.log_batch(run.info.run_id, **{key: entries[start : start + _MOST[key]]})


def _register(client: Any, run: Any, one: ModelVersion) -> None:
    """Let a version of the registered model point to the run, where the store has a registry."""
    from mlflow.exceptions import MlflowException
    from mlflow.tracking.registry import UnsupportedModelRegistryStoreURIException

    try:
        made = client.search_model_versions(f"run_id = '{run.info.run_id}'")
    except UnsupportedModelRegistryStoreURIException:
        return
    number = next((m.version for m in made if m.name == one.model_name), None)
    if number is None:
        try:
            client.create_registered_model(one.model_name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
        source = run.info.artifact_uri
        if one.model_path is not None:
            source = f"{source}/{_FOLDER}"
        number = client.create_model_version(
            one.model_name, source=source, run_id=run.info.run_id
        ).version
    for alias in one.aliases:
        if not _RESERVED_ALIAS.fullmatch(alias):
            client.set_registered_model_alias(one.model_name, alias, number)
