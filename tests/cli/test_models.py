"""`cryptoscalp models`: from declaring a model to a rollback, and what is refused."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from cryptoscalp.cli.main import main
from tests.cli.conftest import Cli

SCHEMAS = ("--hyperparameters", '{"depth": "integer"}', "--metrics", '{"acc": "number"}')


def answer(cli: Cli, *words: str) -> Any:
    return json.loads(cli("models", *words, "--json").stdout)


@pytest.mark.long
def test_a_whole_lifecycle(cli: Cli, tmp_path: Path) -> None:
    weights = tmp_path / "weights.bin"
    weights.write_bytes(b"weights")
    declared = answer(
        cli, "declare", "cli-life", "--description", "direction", "--target-price", "candle-close",
        "--target-interval", "1m", "--target-kind", "return", "--reach", "30s",
        "--patience", "2h", *SCHEMAS,
    )  # fmt: skip
    assert {**declared, "created_at": None} == {
        "model_name": "cli-life", "description": "direction", "target_price": "CANDLE_CLOSE",
        "target_kind": "RETURN", "target_interval": "1m", "target_reach": 30.0, "patience": 7200.0,
        "hyperparameter_schema": {"depth": "integer"}, "metric_schema": {"acc": "number"},
        "last_version_number": 0, "created_at": None,
    }  # fmt: skip
    words = (
        "register", "cli-life", "--version", "base", "--artifact", str(weights),
        "--hyperparameters", '{"depth": 6}', "--trained-from", "2024-07-01",
        "--trained-until", "2024-08-01T00:00:00Z", "--training-data-hash", "ab" * 32,
        "--code-revision", "4b825dc", "--tag", "desk=scalping", "--tag", "note=a=b",
    )  # fmt: skip
    made = answer(cli, *words)
    first = made["version"]
    assert made["duplicate"] is False
    assert {**first, "model_id": None, "created_at": None} == {
        "model_id": None, "model_name": "cli-life", "version": "base", "version_number": 1,
        "status": "TRAINING", "slot": None, "aliases": [], "hyperparameters": {"depth": 6},
        "metrics": None, "model_path": str(weights),
        "artifact_sha256": sha256(b"weights").hexdigest(), "artifact_bytes": 7,
        "parent_model_id": None, "trained_from": "2024-07-01T00:00:00.000000Z",
        "trained_until": "2024-08-01T00:00:00.000000Z", "training_data_sha256": "ab" * 32,
        "code_revision": "4b825dc", "feature_set_id": None,
        "tags": {"desk": "scalping", "note": "a=b"}, "replaces_model_id": None, "created_at": None,
        "deployed_at": None, "retired_at": None,
    }  # fmt: skip
    assert answer(cli, *words) == {"version": first, "duplicate": True}
    assert answer(cli, "verify", "cli-life:base") == {"path": str(weights)}
    assert answer(cli, "metrics", "cli-life:1", '{"acc": 0.91}')["metrics"] == {"acc": 0.91}
    assert answer(cli, "promote", "cli-life:1")["status"] == "VALIDATING"
    live = answer(cli, "promote", str(first["model_id"]), "--slot", "live", "--note", "first")
    assert (live["status"], live["slot"], live["deployed_at"] is None) == (
        "DEPLOYED",
        "live",
        False,
    )

    second = answer(
        cli, "register", "cli-life", "--hyperparameters", '{"depth": 9}',
        "--metrics", '{"acc": 0.95}', "--parent", "cli-life:base",
    )["version"]  # fmt: skip
    assert (second["version"], second["parent_model_id"]) == ("2", first["model_id"])
    cli("models", "promote", "cli-life:2")
    cli("models", "promote", "cli-life:2", "--slot", "live")
    (alias,) = answer(cli, "alias", "cli-life", "champion", "cli-life:2")
    assert (alias["alias"], alias["version_number"]) == ("champion", 2)
    assert answer(cli, "config", "cli-life@champion") is None
    assert answer(cli, "config", "cli-life@champion", '{"size": 0.01}')["revision"] == 1
    assert answer(cli, "config", "cli-life@champion", '{"size": 0.02}')["revision"] == 2
    assert [one["config"]["size"] for one in answer(cli, "config", "cli-life", "--history")] == [
        0.01, 0.02,
    ]  # fmt: skip

    differences = {one["name"]: one for one in answer(cli, "diff", "cli-life:1", "cli-life:2")}
    assert differences["hyperparameters.depth"] == {
        "name": "hyperparameters.depth", "left": 6, "right": 9,
    }  # fmt: skip
    assert differences["config.size"]["right"] == 0.02

    shown = answer(cli, "show", "cli-life@champion")
    assert shown["version"]["status"] == "DEPLOYED"
    assert shown["version"]["aliases"] == ["champion"]
    assert shown["config"]["config"] == {"size": 0.02}
    assert [one["model_id"] for one in shown["lineage"]] == [first["model_id"]]
    assert [one["to_status"] for one in shown["events"]] == [
        "TRAINING", "VALIDATING", "DEPLOYED", None,
    ]  # fmt: skip
    assert [one["alias"] for one in shown["events"]] == [None, None, None, "champion"]

    back = ("rollback", "cli-life", "--slot", "live", "--expected", "cli-life:2")
    assert answer(cli, *back)["version_number"] == 1
    assert "cli-life:2 is not deployed" in cli("models", *back, code=1).stderr
    assert answer(cli, "alias", "cli-life", "champion", "--remove") == []
    assert answer(cli, "retire", "cli-life:1", "--note", "done")["status"] == "RETIRED"
    assert answer(cli, "list", "--name", "cli-life", "--status", "deployed") == []


@pytest.mark.long
def test_versions_are_found_by_what_is_known_of_them(cli: Cli) -> None:
    for acc, desk in ((0.5, "a"), (0.9, "b"), (0.7, "b")):
        metrics = json.dumps({"acc": acc})
        cli("models", "register", "cli-find", "--metrics", metrics, "--tag", f"desk={desk}")
    cli("models", "alias", "cli-find", "best", "cli-find:2")

    def numbers(*words: str) -> list[int]:
        found = answer(cli, "list", "--name", "cli-find", *words)
        return [one["version_number"] for one in found]

    assert numbers() == [3, 2, 1]
    assert numbers("--limit", "1") == [3]
    assert numbers("--metric", "acc>=0.7") == [3, 2]
    assert numbers("--metric", "acc >= 0.7", "--metric", "acc<0.9") == [3]
    assert numbers("--order-by-metric", "acc") == [2, 3, 1]
    assert numbers("--tag", "desk=b") == [3, 2]
    assert numbers("--alias", "best") == [2]
    assert numbers("--status", "training", "--slot", "live") == []


@pytest.mark.long
def test_versions_are_found_by_where_they_came_from(cli: Cli, tmp_path: Path) -> None:
    weights = tmp_path / "found.bin"
    weights.write_bytes(b"found by its bytes")
    made = json.loads(cli("features", "declare", "cli-found", "a", "b", "--json").stdout)
    cli("models", "register", "cli-from", "--metrics", '{"acc": 0.5}')
    cli(
        "models", "register", "cli-from", "--parent", "cli-from:1", "--artifact", str(weights),
        "--hyperparameters", '{"kind": "lstm", "depth": 6}', "--training-data-hash", "cd" * 32,
        "--trained-from", "2024-07-01", "--trained-until", "2024-08-01",
        "--metrics", '{"acc": 0.7}', "--code-revision", "cli-from-2",
        "--features", made["fingerprint"],
    )  # fmt: skip
    digest = sha256(weights.read_bytes()).hexdigest()

    def numbers(*words: str) -> list[int]:
        found = answer(cli, "list", "--name", "cli-from", *words)
        return [one["version_number"] for one in found]

    for words in (
        ("--parent", "cli-from:1"), ("--artifact", str(weights)), ("--artifact-hash", digest),
        ("--training-data-hash", "cd" * 32), ("--code-revision", "cli-from-2"),
        ("--features", made["fingerprint"]), ("--features", str(made["feature_set_id"])),
        ("--hyperparameters", '{"kind": "lstm"}'), ("--hyperparameter", "depth>=6"),
        ("--trained-from", "2024-07-31", "--trained-until", "2024-09-01"),
    ):  # fmt: skip
        assert numbers(*words) == [2], words
    assert numbers("--hyperparameter", "depth>6") == []
    assert numbers("--trained-from", "2024-08-01") == []
    assert numbers("--created-from", "2024-01-01", "--created-until", "2099-01-01") == [2, 1]
    assert numbers("--created-until", "2024-01-01") == []
    assert numbers("--order-by-metric", "acc", "--ascending") == [1, 2]


@pytest.mark.long
def test_models_without_a_version_are_named(cli: Cli) -> None:
    for number in range(7):
        cli("models", "declare", f"cli-bare-{number}")
    listed = cli("models", "list").stdout
    assert "declared, without a version: " in listed
    assert "more (`models names`)" in listed
    assert "declared, without" not in cli("models", "list", "--name", "cli-bare-1").stdout
    names = {one["model_name"]: one["last_version_number"] for one in answer(cli, "names")}
    assert {f"cli-bare-{number}" for number in range(7)} <= {
        n for n, last in names.items() if not last
    }
    assert "PRICE of LAST_TRADE" in cli("models", "names").stdout


@pytest.mark.long
def test_tables_for_people(cli: Cli) -> None:
    assert "PRICE of LAST_TRADE" in cli("models", "declare", "cli-table").stdout
    assert "cli-table:1 (one)" in cli(
        "models", "register", "cli-table", "--version", "one", "--metrics", '{"acc": 1}'
    ).stdout  # fmt: skip
    assert "no config was set" in cli("models", "config", "cli-table").stdout
    assert '{"size": 1}' in cli("models", "config", "cli-table", '{"size": 1}').stdout
    assert "champion" in cli("models", "alias", "cli-table", "champion", "cli-table:one").stdout
    shown = cli("models", "show", "cli-table@champion").stdout
    assert "alias champion set" in shown
    assert "2 events" in shown
    cli("models", "register", "cli-table", "--parent", "cli-table:1")
    assert "made from" in cli("models", "show", "cli-table:2").stdout
    assert "metrics.acc" in cli("models", "diff", "cli-table:1", "cli-table:2").stdout
    assert "2 versions" in cli("models", "list", "--name", "cli-table").stdout


@pytest.mark.long
@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("show", "nobody"), "there is no model version 'nobody'"),
        (("promote", "nobody:3", "--slot", "live"), "there is no model version 'nobody:3'"),
        (("rollback", "nobody", "--slot", "live"), "models names"),
        (("register", "a:b"), "a:b"),
        (("register", "cli-x", "--trained-from", "2024-07-01"), "both a start and an end"),
        (("register", "cli-x", "--version", "12"), "'12' is no label of a version"),
        (("register", "cli-x", "--artifact", "/nowhere/m.bin"), "/nowhere/m.bin is not there"),
        (("register", "cli-x", "--features", "ab" * 32), "there is no feature set"),
        (("register", "cli-x", "--hyperparameters", '{"a": NaN}'), "finite numbers only"),
        (("declare", "cli-x", "--metrics", '{"acc": "float"}'), 'acc: "float"'),
        (("declare", "cli-x", "--target-price", "candle-close"), "interval"),
    ],
)
def test_what_cannot_be_is_one_line(cli: Cli, words: tuple[str, ...], told: str) -> None:
    ended = cli("models", *words, code=1)
    assert told in ended.stderr
    assert (ended.stdout, ended.stderr.count("\n")) == ("", 1)


def test_a_version_is_not_deployed_without_metrics(cli: Cli) -> None:
    cli("models", "register", "cli-bare")
    cli("models", "promote", "cli-bare")
    ended = cli("models", "promote", "cli-bare", "--slot", "live", code=1)
    assert "cryptoscalp models metrics" in ended.stderr
    assert ended.stderr.count("\n") == 1
    cli("models", "metrics", "cli-bare", "{}")
    assert "nothing to roll back to" in cli(
        "models", "rollback", "cli-bare", "--slot", "live", code=1
    ).stderr  # fmt: skip


def test_an_altered_artifact_is_refused(cli: Cli, tmp_path: Path) -> None:
    weights = tmp_path / "weights.bin"
    weights.write_bytes(b"weights")
    cli("models", "register", "cli-altered", "--artifact", str(weights))
    weights.write_bytes(b"weightz")
    ended = cli("models", "verify", "cli-altered", code=1)
    assert (ended.stdout, ended.stderr.count("\n")) == ("", 1)
    assert "is not what was registered" in ended.stderr
    weights.unlink()
    assert "is not there" in cli("models", "verify", "cli-altered", code=1).stderr


def test_an_alias_is_for_a_version_of_its_model(cli: Cli) -> None:
    cli("models", "register", "cli-mine")
    cli("models", "register", "cli-other")
    ended = cli("models", "alias", "cli-mine", "champion", "cli-other:1", code=2)
    assert "cli-other:1 is a version of cli-other, not of cli-mine" in ended.stderr


@pytest.mark.long
@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("metrics", "x", "{acc: 1}"), "is no JSON object"),
        (("metrics", "x", "[1]"), "is no JSON object"),
        (("metrics", "x", '{"a": 1, "a": 2}'), "a stands twice"),
        (("config", "x", "{"), "is no JSON object"),
        (("config", "x", "{}", "--history"), "--history"),
        (("declare", "x", "--reach", "soon"), "is no length of time"),
        (("declare", "x", "--target-price", "open"), "'open' is not one of"),
        (("list", "--metric", "acc"), "acc>=0.9"),
        (("list", "--metric", "acc>=high"), "acc>=0.9"),
        (("list", "--hyperparameter", "depth"), "--hyperparameter depth: write it"),
        (("list", "--ascending"), "--order-by-metric"),
        (("list", "--limit", "0"), "greater than or equal to 1"),
        (("register", "x", "--tag", "desk"), "NAME=VALUE"),
        (("alias", "x", "champion"), "--remove"),
        (("alias", "x", "champion", "x:1", "--remove"), "--remove"),
        (("rollback", "x"), "--slot"),
    ],
)
def test_misuse_is_one_line_that_names_the_help(
    words: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(("--data-dir", str(tmp_path / "data"), "models", *words)) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert told in err
    assert "--help`" in err
    assert not (tmp_path / "data").exists()
