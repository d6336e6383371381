"""`cryptoscalp predictions`: outcomes set and looked at again, and how good a model is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cryptoscalp import Continuity, connect
from cryptoscalp.cli.main import main
from cryptoscalp.infra.server import EmbeddedServer
from tests.cli.conftest import Cli
from tests.cli.conftest import Place as Folder
from tests.faces import table, trade
from tests.postgres import Place
from tests.registry.resolving import SECOND, Made, model, predict

NOON = "2024-08-08T12:00:00Z"
RANGE = ("--start", NOON, "--end", "2024-08-08T12:01:00Z")


def answer(cli: Cli, *words: str) -> Any:
    return json.loads(cli("predictions", *words, "--json").stdout)


@pytest.fixture(scope="module")
def base(place: Folder, cli: Cli) -> Place:
    """The command line's database, with trades of PRED at noon and every ten seconds after."""
    cli("jobs", "list")
    server = EmbeddedServer(place.data_dir)
    made = Place("cryptoscalp", server.dsn, server.admin_dsn)
    stored(made, *((n * 10, n + 1, 100 + n) for n in range(4)))
    return made


def stored(place: Place, *trades: tuple[int, int, int]) -> None:
    """Store trades of PRED: second past noon, id, price."""
    rows = [
        trade(second * SECOND, number, symbol="PRED", price=str(price))
        for second, number, price in trades
    ]
    with connect(place.dsn) as db:
        db.capture.write_trades(table(rows), continuity=Continuity.CONSECUTIVE_IDS)


def test_resolve_summary_list_and_revise(cli: Cli, base: Place) -> None:
    number = model(base, "cli-model")
    predict(
        base,
        number,
        [
            Made(5 * SECOND, symbol="PRED", prediction=102.0, confidence=1.0),
            Made(6 * SECOND, 60 * SECOND, symbol="PRED"),
        ],
    )
    of = ("--model", "cli-model:1")
    assert answer(cli, "resolve", *of) == {
        "resolved": 1, "unresolvable": {"no coverage": 1}, "waiting": 0, "cold": 0, "thaw": [],
    }  # fmt: skip
    assert cli("predictions", "resolve", *of).stdout == "0 resolved\n"
    (one,) = answer(cli, "summary", *of, "--window", "1h", "--as-of", "2024-08-08T12:01:00Z")
    assert (one["predictions"], one["resolved"], one["unresolvable"]) == (2, 1, 1)
    assert (one["mean_absolute_error"], one["directional_accuracy"]) == (1.0, 1.0)
    assert [b["predictions"] for b in one["reliability"]] == [0] * 9 + [1]
    shown = cli("predictions", "summary", *of, "--as-of", "2024-08-08T12:01:00Z").stdout
    assert shown.count("100.0%") == 4
    assert "4 summaries" in shown
    first, last = answer(cli, "list", *of, *RANGE)
    assert (first["actual"], first["reference"], first["revision"]) == (101.0, 100.0, None)
    assert last["detail"].startswith("no coverage within 00:00:00")
    stored(base, (12, 5, 200))
    revise = ("resolve", *of, "--revise", *RANGE)
    assert cli("predictions", *revise).stdout == ("1 of 2 outcomes revised\n")
    assert answer(cli, *revise) == {"examined": 2, "revised": 0, "unknown": 0, "thaw": []}
    first, _ = answer(cli, "list", *of)
    assert (first["actual"], first["revision"]["actual"]) == (101.0, 200.0)
    assert "200" in cli("predictions", "list", *of, "--limit", "2").stdout
    words = ("summary", *of, "--window", "1h", "--as-of", "2024-08-08T12:01:00Z")
    (one,) = answer(cli, *words)
    (known,) = answer(cli, *words, "--revised")
    assert (one["revised"], one["mean_absolute_error"]) == (1, 1.0)
    assert (known["revised"], known["mean_absolute_error"]) == (1, 98.0)


def test_without_a_model_all_that_predicted_are_shown(cli: Cli, base: Place) -> None:
    for name in ("cli-one", "cli-two"):
        predict(base, model(base, name), [Made(-3_600 * SECOND)])
    words = ("summary", "--as-of", "2024-08-08T11:30:00Z", "--window", "1h")
    assert [one["model_name"] for one in answer(cli, *words)] == ["cli-one", "cli-two"]
    shown = cli("predictions", *words).stdout
    assert "cli-two:1" in shown
    assert "no mean absolute error, no prediction of the window is resolved" in shown
    assert answer(cli, "summary", "--as-of", "2020-01-01") == []


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("resolve", "--revise"), "go together"),
        (("resolve", "--start", NOON, "--end", NOON), "go together"),
        (("resolve", "--revise", "--start", NOON), "go together"),
        (("summary", "--window", "2h"), "'2h' is not one of"),
        (("summary", "--symbol", "X"), "need --model"),
        (("list",), "--model"),
        (("list", "--model", "x", "--limit", "0"), "greater than or equal to 1"),
    ],
)
def test_misuse_is_one_line_that_names_the_help(
    words: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(("predictions", *words)) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert told in err
    assert "--help`" in err


def test_an_unknown_model_is_one_line(cli: Cli, base: Place) -> None:
    for words in (("list",), ("summary",), ("resolve",)):
        ended = cli("predictions", *words, "--model", "nobody", code=1)
        assert ended.stderr.startswith("cryptoscalp: there is no model version 'nobody'")
        assert ended.stderr.count("\n") == 1
