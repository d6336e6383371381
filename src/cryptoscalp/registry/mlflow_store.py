"""MLflow's tracking store: its client, and runs as the registry takes them.

All of it blocks. The library is an extra and is loaded at the first call only.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit
from urllib.request import url2pathname

from cryptoscalp.infra.db.errors import InputError, NotFound, TrackingError

#: Tag of the commit that a run was made by.
COMMIT: Final = "mlflow.source.git.commit"
#: Names of services that MLflow takes in place of a URL.
_ELSEWHERE: Final = ("databricks", "databricks-uc", "uc")


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """What the registry keeps of a run."""

    hyperparameters: dict[str, Any]
    metrics: dict[str, float] | None
    artifact: Path | None
    code_revision: str | None
    tags: dict[str, Any]


def finished_run(
    run_id: str, artifact: str | None, download_to: Path | None, tracking_uri: str | None
) -> FinishedRun:
    """Read a run; InputError where it is not finished, NotFound where it or the artifact is not.

    A store of this machine that is not there is NotFound too: MLflow would make it.
    """
    with opened(tracking_uri, there=True) as client:
        run = client.get_run(run_id)
        if run.info.lifecycle_stage != "active":
            raise NotFound(f"run {run_id} of MLflow is deleted")
        if run.info.status != "FINISHED":
            raise InputError(
                f"run {run_id} of MLflow is {run.info.status}; one that is FINISHED can be"
                " registered"
            )
        path = None
        if artifact is not None:
            path = _located(client, run, artifact, download_to)
        experiment = client.get_experiment(run.info.experiment_id).name
    metrics = {name: one for name, one in run.data.metrics.items() if math.isfinite(one)}
    others = sorted(run.data.metrics.keys() - metrics.keys())
    return FinishedRun(
        {name: parsed(text) for name, text in run.data.params.items()},
        metrics or None,
        path,
        run.data.tags.get(COMMIT),
        {
            "mlflow.run_id": run_id,
            "mlflow.experiment": experiment,
            **({"mlflow.not_finite": others} if others else {}),
        },
    )


def parsed(text: str) -> Any:
    """A parameter as it was meant; MLflow keeps text only."""
    if text in ("True", "False"):
        return text == "True"
    try:
        found = json.loads(text, parse_float=_finite, parse_constant=_finite)
    except (ValueError, RecursionError):
        return text
    # Quotation marks that someone wrote stay.
    return text if isinstance(found, str) else found


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def _located(client: Any, run: Any, artifact: str, download_to: Path | None) -> Path:
    """Where the artifact lies, in MLflow's own folder or downloaded."""
    parts = Path(artifact).parts
    if not parts or Path(artifact).is_absolute() or ".." in parts:
        raise InputError(f"artifact {artifact!r} is no path within the artifacts of a run")
    place = urlsplit(run.info.artifact_uri)
    if place.scheme in ("", "file"):
        found = Path(url2pathname(place.path), artifact)
        if not found.exists():
            raise NotFound(f"run {run.info.run_id} of MLflow has no artifact {artifact}: {found}")
        return found
    if download_to is None:
        raise InputError(
            f"the artifacts of run {run.info.run_id} lie in {place.scheme}, not on this machine;"
            " say where to keep them (download_to, --download-to)"
        )
    folder = download_to / run.info.run_id
    folder.mkdir(parents=True, exist_ok=True)
    return Path(client.download_artifacts(run.info.run_id, artifact, str(folder)))


@contextmanager
def opened(tracking_uri: str | None, *, there: bool = False) -> Iterator[Any]:
    """MLflow's client; its errors as ours. Its global settings are not touched.

    With `there` the store has to be there, where it lies on this machine.
    """
    try:
        from mlflow import MlflowClient, get_tracking_uri
        from mlflow.exceptions import MlflowException
    except ModuleNotFoundError as error:
        if error.name != "mlflow":
            raise
        raise InputError(
            "MLflow is not installed; install the extra: pip install 'cryptoscalp[mlflow]'"
        ) from None
    try:
        if there:
            uri = tracking_uri or get_tracking_uri()
            place = local_store(uri)
            if place is not None and not place.exists():
                raise NotFound(
                    f"there is no tracking store of MLflow at {place} ({uri}); name the one that"
                    " has the run (tracking_uri, --tracking-uri, MLFLOW_TRACKING_URI)"
                )
        yield MlflowClient(tracking_uri=tracking_uri)
    except MlflowException as error:
        if error.error_code == "RESOURCE_DOES_NOT_EXIST":
            raise NotFound(f"MLflow: {error.message}") from error
        raise TrackingError(f"MLflow refused or cannot be reached: {error.message}") from error


def local_store(uri: str) -> Path | None:
    """The file or folder of a store on this machine; None where it lies elsewhere."""
    place = urlsplit(uri)
    if place.scheme.partition("+")[0] == "sqlite":
        # sqlite:///relative, sqlite:////absolute; without a path it is in memory.
        name = place.path.removeprefix("/")
        return Path(name) if name and not name.startswith((":memory:", "file:")) else None
    if place.scheme in ("", "file") and uri.partition(":")[0] not in _ELSEWHERE:
        return Path(url2pathname(place.path))
    return None
