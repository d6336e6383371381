"""Runs of MLflow as versions and versions as runs: the real library, a store in a SQLite file."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from cryptoscalp import AsyncDatabase
from cryptoscalp.infra.db.errors import (
    ArtifactAltered,
    InputError,
    IntegrityRefused,
    NotFound,
    TrackingError,
)
from cryptoscalp.registry.mlflow_store import local_store, parsed

#: SQLAlchemy 2.1 says it of MLflow's tables when they are loaded.
pytestmark = pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy")


@dataclass(frozen=True, slots=True)
class Store:
    """A tracking store with an experiment "training", its client, and a folder for files."""

    uri: str
    client: Any
    experiment: str
    folder: Path

    def run(self, *, status: str = "FINISHED", **told: dict[str, Any]) -> str:
        """A run with the params, metrics, tags and artifacts (path -> text) given."""
        made = self.client.create_run(self.experiment, tags=told.get("tags"))
        run_id: str = made.info.run_id
        for name, value in told.get("params", {}).items():
            self.client.log_param(run_id, name, value)
        for name, values in told.get("metrics", {}).items():
            for step, value in enumerate(values):
                self.client.log_metric(run_id, name, value, step=step)
        for path, text in told.get("artifacts", {}).items():
            self.client.log_text(run_id, text, path)
        if status != "RUNNING":
            self.client.set_terminated(run_id, status)
        return run_id


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of an empty store, made once: its tables take MLflow seconds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
        from mlflow import MlflowClient

        file = tmp_path_factory.mktemp("mlflow") / "empty.db"
        client = MlflowClient(tracking_uri=f"sqlite:///{file}")
        client.search_experiments()
        client._tracking_client.store.engine.dispose()
    return file


@pytest.fixture
def store(empty: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """An empty store; what MLflow writes beside it stays in the folder too."""
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    # It would try a server that is not there for minutes.
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.chdir(tmp_path)
    from mlflow import MlflowClient

    shutil.copy(empty, tmp_path / "mlflow.db")
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    client = MlflowClient(tracking_uri=uri)
    number = client.create_experiment("training", artifact_location=str(tmp_path / "runs"))
    yield Store(uri, client, number, tmp_path)
    client._tracking_client.store.engine.dispose()


def kept(run: Any) -> bytes:
    """The weights that a run has among its artifacts."""
    return Path(run.info.artifact_uri, "model", "weights.bin").read_bytes()


async def test_a_run_becomes_a_version(db: AsyncDatabase, store: Store) -> None:
    run_id = store.run(
        params={"depth": 6, "rate": 0.05, "warm": True, "kind": "lstm", "layers": [8, 4]},
        metrics={"acc": [0.5, 0.91], "loss": [1.0, float("nan")]},
        tags={"mlflow.source.git.commit": "4b825dc"},
        artifacts={"model/weights.txt": "weights", "model/terms.txt": "terms"},
    )
    await db.registry.declare_model("direction", metrics={"acc": "number"})
    parent = await db.registry.register_version("direction")
    words: dict[str, Any] = {
        "artifact": "model",
        "tracking_uri": store.uri,
        "parent": parent.version.model_id,
        "trained_from": datetime(2024, 7, 1, tzinfo=UTC),
        "trained_until": datetime(2024, 8, 1, tzinfo=UTC),
        "tags": {"desk": "scalping"},
    }
    made = await db.registry.register_from_mlflow(run_id, "direction", **words)
    one = made.version
    assert (made.duplicate, one.version, one.version_number) == (False, f"mlflow-{run_id}", 2)
    assert one.hyperparameters == {
        "depth": 6, "rate": 0.05, "warm": True, "kind": "lstm", "layers": [8, 4],
    }  # fmt: skip
    assert one.metrics == {"acc": 0.91}
    assert one.tags == {
        "desk": "scalping", "mlflow.run_id": run_id, "mlflow.experiment": "training",
        "mlflow.not_finite": ["loss"],
    }  # fmt: skip
    assert (one.code_revision, one.parent_model_id) == ("4b825dc", parent.version.model_id)
    assert one.artifact_bytes == len("weights") + len("terms")
    path = await db.registry.verify_artifact("direction")
    assert path == store.folder / "runs" / run_id / "artifacts" / "model"

    again = await db.registry.register_from_mlflow(run_id, "direction", **words)
    assert (again.duplicate, again.version) == (True, one)
    assert len(await db.registry.search("direction")) == 2
    (path / "weights.txt").write_text("others", encoding="utf-8")
    with pytest.raises(ArtifactAltered):
        await db.registry.verify_artifact("direction")
    with pytest.raises(IntegrityRefused, match="artifact differ"):
        await db.registry.register_from_mlflow(run_id, "direction", **words)


async def test_a_run_of_another_label(db: AsyncDatabase, store: Store) -> None:
    run_id = store.run()
    made = await db.registry.register_from_mlflow(
        run_id, "bare", version="first", tracking_uri=store.uri
    )
    assert (made.version.version, made.version.metrics) == ("first", None)
    assert (made.version.hyperparameters, made.version.model_path) == ({}, None)


async def test_an_unfinished_or_deleted_run_is_refused(db: AsyncDatabase, store: Store) -> None:
    for status in ("RUNNING", "FAILED", "KILLED"):
        run_id = store.run(status=status)
        with pytest.raises(InputError, match=f"is {status}; one that is FINISHED"):
            await db.registry.register_from_mlflow(run_id, "m", tracking_uri=store.uri)
    run_id = store.run()
    store.client.delete_run(run_id)
    with pytest.raises(NotFound, match="is deleted"):
        await db.registry.register_from_mlflow(run_id, "m", tracking_uri=store.uri)
    with pytest.raises(NotFound, match="nowhere"):
        await db.registry.register_from_mlflow("nowhere", "m", tracking_uri=store.uri)
    assert not await db.registry.models()


async def test_an_artifact_that_is_not_there_is_refused(db: AsyncDatabase, store: Store) -> None:
    run_id = store.run(artifacts={"a.txt": "a"})
    with pytest.raises(NotFound, match=r"has no artifact b\.txt"):
        await db.registry.register_from_mlflow(
            run_id, "m", artifact="b.txt", tracking_uri=store.uri
        )
    for outside in ("../a.txt", "/etc/passwd", ""):
        with pytest.raises(InputError, match="no path within the artifacts"):
            await db.registry.register_from_mlflow(
                run_id, "m", artifact=outside, tracking_uri=store.uri
            )


async def test_a_store_that_is_none_is_refused(db: AsyncDatabase, store: Store) -> None:
    for uri in ("nonsense://x", "http://127.0.0.1:9"):
        with pytest.raises(TrackingError, match="MLflow refused or cannot be reached"):
            await db.registry.register_from_mlflow("run", "m", tracking_uri=uri)


@pytest.mark.parametrize("uri", ["sqlite:///{}/x.db", "file://{}", "{}"])
async def test_a_store_that_is_not_there_is_not_made(
    db: AsyncDatabase, store: Store, monkeypatch: pytest.MonkeyPatch, uri: str
) -> None:
    absent = uri.format(store.folder / "absent")
    with pytest.raises(NotFound, match=r"no tracking store of MLflow at .*absent"):
        await db.registry.register_from_mlflow("run", "m", tracking_uri=absent)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", absent)
    with pytest.raises(NotFound, match=r"no tracking store of MLflow at .*absent"):
        await db.registry.register_from_mlflow("run", "m")
    assert not (store.folder / "absent").exists()


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("sqlite:////a/b.db", "/a/b.db"),
        ("sqlite:///b.db", "b.db"),
        ("sqlite+pysqlite:////a/b.db?timeout=5", "/a/b.db"),
        ("file:///a/b%20c", "/a/b c"),
        ("mlruns", "mlruns"),
        ("sqlite://", None),
        ("sqlite:///:memory:", None),
        ("http://127.0.0.1:5000", None),
        ("postgresql://host/mlflow", None),
        ("databricks", None),
        ("databricks://profile", None),
    ],
)
def test_where_a_store_lies(uri: str, path: str | None) -> None:
    assert local_store(uri) == (None if path is None else Path(path))


async def test_a_version_becomes_a_run(db: AsyncDatabase, store: Store) -> None:
    folder = store.folder / "weights"
    folder.mkdir()
    (folder / "weights.bin").write_bytes(b"weights")
    features = await db.registry.register_feature_set("book", ["mid"])
    await db.registry.register_version("direction")
    made = await db.registry.register_version(
        "direction",
        version="wide",
        hyperparameters={"depth": 6, "warm": True, "kind": "lstm", "layers": [8, 4]},
        metrics={"acc": 0.91, "by": "hand"},
        artifact=folder,
        parent="direction:1",
        trained_from=datetime(2024, 7, 1, tzinfo=UTC),
        trained_until=datetime(2024, 8, 1, tzinfo=UTC),
        training_data_sha256="ab" * 32,
        code_revision="4b825dc",
        feature_set=features.feature_set_id,
        tags={"desk": "scalping", "seeds": [1, 2], "mlflow.run_id": "elsewhere"},
    )
    await db.registry.set_alias("champion", "direction:wide")
    await db.registry.set_alias("v2", "direction:wide")
    run_id = await db.registry.export_to_mlflow(
        "direction@champion", tracking_uri=store.uri, experiment="training"
    )
    run = store.client.get_run(run_id)
    assert (run.info.status, run.info.run_name) == ("FINISHED", "direction:2")
    assert run.info.experiment_id == store.experiment
    assert {name: parsed(text) for name, text in run.data.params.items()} == {
        "depth": 6, "warm": True, "kind": "lstm", "layers": [8, 4],
    }  # fmt: skip
    assert run.data.metrics == {"acc": 0.91}
    one = made.version
    expected = {
        "desk": "scalping",
        "seeds": "[1, 2]",
        "mlflow.source.git.commit": "4b825dc",
        "cryptoscalp.mlflow.run_id": "elsewhere",
        "cryptoscalp.model_id": str(one.model_id),
        "cryptoscalp.model": "direction:2",
        "cryptoscalp.version": "wide",
        "cryptoscalp.status": "TRAINING",
        "cryptoscalp.parent": "direction:1",
        "cryptoscalp.trained_from": "2024-07-01T00:00:00+00:00",
        "cryptoscalp.trained_until": "2024-08-01T00:00:00+00:00",
        "cryptoscalp.training_data_sha256": "ab" * 32,
        "cryptoscalp.feature_fingerprint": features.fingerprint.hex(),
        "cryptoscalp.artifact_sha256": one.artifact_sha256,
        "cryptoscalp.artifact_bytes": "7",
    }
    assert expected.items() <= run.data.tags.items()
    assert '"by": "hand"' in run.data.tags["cryptoscalp.metrics"]
    assert kept(run) == b"weights"
    (registered,) = store.client.search_model_versions(f"run_id = '{run_id}'")
    assert (registered.name, registered.source) == ("direction", f"{run.info.artifact_uri}/model")
    meant = store.client.get_model_version_by_alias("direction", "champion")
    assert meant.version == registered.version


async def test_an_export_again_brings_the_run_up_to_date(db: AsyncDatabase, store: Store) -> None:
    await db.registry.register_version("m", hyperparameters={"depth": 6}, metrics={"acc": 0.5})
    run_id = await db.registry.export_to_mlflow("m", tracking_uri=store.uri, experiment="training")
    await db.registry.record_metrics("m", {"acc": 0.75})
    await db.registry.promote("m")
    again = await db.registry.export_to_mlflow("m", tracking_uri=store.uri, experiment="training")
    assert again == run_id
    assert len(store.client.search_runs([store.experiment])) == 1
    run = store.client.get_run(run_id)
    assert (run.data.metrics, run.data.params) == ({"acc": 0.75}, {"depth": "6"})
    assert run.data.tags["cryptoscalp.status"] == "VALIDATING"
    assert len(store.client.search_model_versions("name = 'm'")) == 1


async def test_an_export_that_was_cut_off_is_completed(db: AsyncDatabase, store: Store) -> None:
    weights = store.folder / "weights.bin"
    weights.write_bytes(b"weights")
    one = (await db.registry.register_version("m", artifact=weights)).version
    made = store.client.create_run(
        store.experiment,
        tags={
            "cryptoscalp.model_id": str(one.model_id),
            "cryptoscalp.created_at": one.created_at.isoformat(),
        },
    )
    run_id = await db.registry.export_to_mlflow("m", tracking_uri=store.uri, experiment="training")
    assert run_id == made.info.run_id
    run = store.client.get_run(run_id)
    assert run.info.status == "FINISHED"
    assert kept(run) == b"weights"


async def test_an_altered_artifact_is_not_exported(db: AsyncDatabase, store: Store) -> None:
    weights = store.folder / "weights.bin"
    weights.write_bytes(b"weights")
    await db.registry.register_version("m", artifact=weights)
    weights.write_bytes(b"weightz")
    with pytest.raises(ArtifactAltered):
        await db.registry.export_to_mlflow("m", tracking_uri=store.uri)
    with pytest.raises(NotFound):
        await db.registry.export_to_mlflow("nobody", tracking_uri=store.uri)
    assert store.client.get_experiment_by_name("m") is None


async def test_there_and_back(db: AsyncDatabase, store: Store) -> None:
    weights = store.folder / "weights.bin"
    weights.write_bytes(b"weights")
    parameters = {"depth": 6, "rate": 1e-3, "warm": False, "kind": "lstm", "by": {"a": [None, 1]}}
    first = await db.registry.register_version(
        "m", hyperparameters=parameters, metrics={"acc": 0.1}, artifact=weights
    )
    run_id = await db.registry.export_to_mlflow("m", tracking_uri=store.uri)
    back = await db.registry.register_from_mlflow(
        run_id, "copy", artifact="model/weights.bin", tracking_uri=store.uri
    )
    assert back.version.hyperparameters == parameters
    assert back.version.metrics == {"acc": 0.1}
    assert back.version.artifact_sha256 == first.version.artifact_sha256


async def test_without_the_library_the_extra_is_named(
    db: AsyncDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)
    await db.registry.register_version("m")
    with pytest.raises(InputError, match=r"cryptoscalp\[mlflow\]"):
        await db.registry.register_from_mlflow("run", "m")
    with pytest.raises(InputError, match=r"cryptoscalp\[mlflow\]"):
        await db.registry.export_to_mlflow("m")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("6", 6), ("-0.5", -0.5), ("1e-3", 0.001), ("True", True), ("False", False),
        ("true", True), ("[1, 2]", [1, 2]), ('{"a": 1}', {"a": 1}), ("007", "007"),
        ("1_000", "1_000"), ("nan", "nan"), ("NaN", "NaN"), ("inf", "inf"), ("1e999", "1e999"),
        ("[1e999]", "[1e999]"), ("", ""), ("lstm", "lstm"), ('"6"', '"6"'), ("[" * 5_000, None),
    ],
)  # fmt: skip
def test_parameters_as_they_were_meant(text: str, meant: Any) -> None:
    found = parsed(text)
    assert found == (text if meant is None else meant)
    assert type(found) is type(text if meant is None else meant)
