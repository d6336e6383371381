"""`cryptoscalp replay`: from declaring a buffer to a training set, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import psycopg
import pyarrow.parquet as pq
import pytest

from cryptoscalp.cli.main import main
from cryptoscalp.database import connect
from cryptoscalp.infra.server import EmbeddedServer
from cryptoscalp.replay.replay_types import Durability
from cryptoscalp.replay.tier_defaults import default_tiers
from cryptoscalp.replay.tier_documents import tiers_to_json
from tests.cli.conftest import Cli, Place


def answer(cli: Cli, *words: str) -> Any:
    return json.loads(cli("replay", *words, "--json").stdout)


@pytest.fixture(scope="module")
def features(cli: Cli) -> str:
    """A feature set of two, by its fingerprint."""
    found = json.loads(cli("features", "declare", "cli-replay", "a", "b", "--json").stdout)
    fingerprint: str = found["fingerprint"]
    return fingerprint


@pytest.fixture
def filled(cli: Cli, place: Place, features: str, tmp_path: Path) -> str:
    """The name of a buffer of the test's own with twenty experiences."""
    name = f"filled {uuid4()}"
    answer(cli, "create", name, "--features", features, "--capacity", "100")
    durability = Durability(journals=tmp_path / "journals")
    with (
        connect(data_dir=place.data_dir) as db,
        db.replay.memory(name, rules_every_s=None, durability=durability) as memory,
    ):
        states = np.arange(40, dtype=np.float32).reshape(20, 2)
        memory.add(
            states, np.arange(20), np.arange(20) / 8, -states, np.zeros(20, bool),
            priorities=np.arange(1, 21), regime="CRISIS", steps=range(20), episodes=[5] * 20,
            timestamps=np.arange(20) * 1_000_000 + 1_700_000_000_000_000,
        )  # fmt: skip
    return name


@pytest.mark.long
def test_declaring(cli: Cli, features: str, tmp_path: Path) -> None:
    words = ("create", "cli-declared", "--features", features, "--actions", "continuous")
    made = answer(cli, *words, "--action-width", "3", "--capacity", "200")
    assert made["shape"] == {"state_width": 2, "action_kind": "CONTINUOUS", "action_width": 3}
    assert (made["fingerprint"], made["features"]) == (features, ["a", "b"])
    assert made["tiers"] == tiers_to_json(default_tiers(200))
    assert answer(cli, *words, "--action-width", "3", "--capacity", "200") == made
    assert made in answer(cli, "list")
    assert "is there with another" in cli("replay", *words, code=1).stderr
    table = cli("replay", "list").stdout
    assert "cli-declared" in table
    assert "3 numbers" in table
    # What `tiers` shows can be changed and given back, to this one or to another.
    shown = answer(cli, "tiers", "cli-declared")
    assert shown == made["tiers"]
    shown[0]["capacity"] = 4
    file = tmp_path / "tiers.json"
    file.write_text(json.dumps(shown))
    assert answer(cli, "tiers", "cli-declared", "--set", str(file)) == shown
    assert answer(cli, "tiers", "cli-declared") == shown
    other = answer(cli, "create", "cli-other", "--features", features, "--tiers", str(file))
    assert other["tiers"] == shown
    shown_to_people = cli("replay", "tiers", "cli-declared").stdout
    assert "drawn" not in shown_to_people
    for words_ in ("rare_rewards", "rarity_from 3.0", "lowest priority to 6", "oldest leaves"):
        assert words_ in shown_to_people
    assert "one integer" in cli("replay", "create", "cli-plain", "--features", features).stdout


@pytest.mark.long
def test_looking(cli: Cli, filled: str, tmp_path: Path) -> None:
    stats = answer(cli, "stats", filled)
    tier = stats["tiers"][3]
    # Ten are in tier 4, which is full; it overflows into tier 6.
    assert [one["held"] for one in stats["tiers"]] == [0, 0, 0, 10, 0, 10]
    assert (tier["share"], tier["draws"]) == (0.5, 0)
    assert tier["priorities"] == {"least": 11.0, "median": 15.5, "p90": 19.1, "greatest": 20.0}
    assert tier["histogram"] == [{"lower": 10.0, "count": 10}]
    text = cli("replay", "stats", filled).stdout
    for words in ("stressed", "50.0%", "15.5", "no model 20"):
        assert words in text
    drawn = answer(cli, "sample", filled, "--count", "30", "--alpha", "1")
    assert [one["draw"] for one in drawn] == list(range(1, 31))
    for one in drawn:
        n = one["action"]
        assert (one["state"], one["reward"], one["priority"]) == ([2 * n, 2 * n + 1], n / 8, n + 1)
        assert one["tier"] == (4 if n >= 10 else 6)
    assert "30 draws" in cli("replay", "sample", filled, "--count", "30").stdout
    weights = [word for one in (0, 0, 0, 0, 0, 2) for word in ("--tier-weight", str(one))]
    assert {one["tier"] for one in answer(cli, "sample", filled, *weights)} == {6}
    changed = stats["unlike_checkpoint"]
    assert answer(cli, "checkpoint", filled) == {"name": filled, "changed": changed}
    assert answer(cli, "checkpoint", filled) == {"name": filled, "changed": 0}
    assert "0 experiences followed" in cli("replay", "checkpoint", filled).stdout
    verified = answer(cli, "verify", filled)
    assert (verified["faults"], verified["held"]) == ([], 20)
    assert "20 experiences, 0 faults" in cli("replay", "verify", filled).stdout


@pytest.mark.long
def test_exporting_and_pruning(cli: Cli, filled: str, tmp_path: Path) -> None:
    target = tmp_path / "set.parquet"
    whole = ("export", filled, "--output", str(target))
    made = answer(cli, *whole)
    assert (made["path"], made["rows"], made["evicted_since"]) == (str(target), 20, 0)
    assert pq.read_table(target).num_rows == 20
    again = (*whole[:-1], str(tmp_path / "set.arrow"), "--as-of", made["as_of"])
    assert answer(cli, *again)["content_hash"] == made["content_hash"]
    assert answer(cli, *whole, "--tier", "6", "--draw", "4", "--seed", "3")["rows"] == 4
    assert made["content_hash"] in cli("replay", *again).stdout
    pruned = ("prune", filled, "--tier", "6", "--older-than", "30d", "--keep", "7")
    assert answer(cli, *pruned) == {"moved": 0, "evicted": 3}
    assert "0 experiences have left" in cli("replay", *pruned).stdout
    assert answer(cli, "prune", filled, "--priority-below", "5")["evicted"] == 1
    less = answer(cli, *again)
    assert (less["rows"], less["evicted_since"]) == (16, 4)


def test_a_fault_is_named_and_exits_with_1(cli: Cli, features: str, place: Place) -> None:
    answer(cli, "create", "cli-damaged", "--features", features, "--capacity", "100")
    server = EmbeddedServer(place.data_dir)
    with psycopg.connect(server.admin_dsn, autocommit=True) as connection:
        connection.execute(
            "SELECT record_experiences(buffer_id, '{31}', '{2024-01-01}', '{2024-01-02}', '{1}',"
            " '{1,2}', '{0}', '{0}', '{1,2}', '{1}', '{0}', '{0}', '{1}', '{0}', '{NULL}',"
            " '{NULL}', '{NULL}', '{0}') FROM replay_buffers WHERE name = 'cli-damaged'"
        )
        connection.execute("DELETE FROM replay_priorities WHERE memory_id = 31")
    told = cli("replay", "verify", "cli-damaged", code=1)
    assert "fault: experience 31: it has no working priority" in told.stdout
    found = json.loads(cli("replay", "verify", "cli-damaged", "--json", code=1).stdout)
    assert found["faults"] == [{"memory_id": 31, "fault": "it has no working priority"}]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("create", "n", "--features", "99999"), "feature set"),
        (("create", "n", "--features", "0"), "feature set"),
        (("create", "n", "--features", "1", "--tiers", "none.json"), "none.json: cannot be read"),
        (("stats", "nobody"), "there is no replay buffer 'nobody'"),
        (("sample", "nobody"), "there is no replay buffer 'nobody'"),
        (("tiers", "nobody"), "there is no replay buffer 'nobody'"),
        (("verify", "nobody"), "there is no replay buffer 'nobody'"),
        (("checkpoint", "nobody"), "there is no replay buffer 'nobody'"),
        (("prune", "nobody", "--keep", "1"), "there is no replay buffer 'nobody'"),
        (("export", "nobody", "--output", "x.parquet"), "there is no replay buffer 'nobody'"),
        (("export", "nobody", "--output", "x.csv"), "the ending says the format"),
    ],
)
def test_what_cannot_be_is_one_line(cli: Cli, words: tuple[str, ...], told: str) -> None:
    ended = cli("replay", *words, code=1)
    assert told in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_files_of_tiers_that_are_none(cli: Cli, features: str, tmp_path: Path) -> None:
    file = tmp_path / "tiers.json"
    for text, told in (("{", "is no JSON"), ("{}", "must be a JSON array"), ("[]", "6 tiers")):
        file.write_text(text)
        ended = cli("replay", "create", "n", "--features", features, "--tiers", str(file), code=1)
        assert told in ended.stderr
        assert str(file) in ended.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("prune", "n", "--tier", "1"), "say which leave"),
        (("prune", "n", "--tier", "7", "--keep", "1"), "less than or equal to 6"),
        (("prune", "n", "--older-than", "long"), "no length of time"),
        (("create", "n", "--features", "1", "--capacity", "50", "--tiers", "f"), "give one"),
        (("create", "n", "--features", "1", "--actions", "many"), "many"),
        (("export", "n"), "--output"),
        (("sample", "n", "--count", "0"), "greater than or equal to 1"),
    ],
)
def test_misuse_is_one_line_that_names_the_help(
    words: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(("replay", *words)) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert told in err
    assert "--help`" in err
