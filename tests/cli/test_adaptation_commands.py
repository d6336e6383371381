"""`cryptoscalp adaptations`: announced, started, measured, given up."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cryptoscalp.cli.main import main
from cryptoscalp.infra.server import EmbeddedServer
from tests.adaptation.predicted import declare, predicted
from tests.cli.conftest import Cli
from tests.cli.conftest import Place as Folder
from tests.postgres import Place

WINDOW = ("--start", "2024-08-08T12:00:00Z", "--end", "2024-08-08T13:00:00Z")
MANUAL = ("--trigger", "manual", "--type", "parameter-update")


def answer(cli: Cli, *words: str) -> Any:
    return json.loads(cli("adaptations", *words, "--json").stdout)


@pytest.fixture(scope="module")
def base(place: Folder, cli: Cli) -> Place:
    """The command line's database: two versions that predicted the same, the second one better."""
    cli("jobs", "list")
    server = EmbeddedServer(place.data_dir)
    made = Place("cryptoscalp", server.dsn, server.admin_dsn)
    old, new = declare(made, "cli-adapted", ("1", "2"))
    predicted(made, old, [2.0] * 30)
    predicted(made, new, [1.0] * 30)
    return made


def test_an_event_is_answered_and_the_answer_measured(cli: Cli, base: Place) -> None:
    event = answer(
        cli, "announce", "--model", "cli-adapted:1", "--symbol", "BTCUSDT", "--exchange", "binance",
        "--payload", '{"reason": "new fees"}',
    )  # fmt: skip
    assert (event["kind"], event["symbol"]) == ("MANUAL", "BTCUSDT")
    assert event["payload"]["reason"] == "new fees"
    number = str(event["event_id"])
    assert event in answer(cli, "events", "--kind", "manual")
    assert event not in answer(cli, "events", "--after", number)
    assert answer(cli, "events", "--limit", "1") == [event]
    assert "reason=new fees" in cli("adaptations", "events", "--limit", "1").stdout
    words = ("start", "cli-adapted:1", *MANUAL, "--event", number)
    started = answer(cli, *words, "--min-predictions", "20", "--min-improvement", "0.25")
    assert started["adaptation_type"] == "PARAMETER_UPDATE"
    assert started["success_rule"] == {
        "metric": "mean_absolute_error", "direction": "lower", "min_improvement": 0.25,
        "min_predictions": 20,
    }  # fmt: skip
    assert answer(cli, *words)["adaptation_id"] == started["adaptation_id"]
    of = ("--model", "cli-adapted:1")
    assert answer(cli, "list", *of, "--unfinished") == [started]
    assert "open" in cli("adaptations", "list", *of).stdout
    finish = ("finish", str(started["adaptation_id"]), "cli-adapted:2", *WINDOW)
    finished = answer(cli, *finish)
    assert finished["success"] is True
    assert finished["performance_before"]["mean_absolute_error"] == pytest.approx(2)
    assert finished["performance_after"]["mean_absolute_error"] == pytest.approx(1)
    assert answer(cli, *finish) == finished
    assert "success" in cli("adaptations", *finish).stdout
    assert answer(cli, "list", *of) == [finished]


def test_one_that_came_to_nothing(cli: Cli, base: Place) -> None:
    words = ("start", "cli-adapted:2", *MANUAL, "--metric", "directional_accuracy", "--note", "try")
    started = answer(cli, *words)
    assert started["success_rule"]["direction"] == "higher"
    abandon = ("abandon", str(started["adaptation_id"]), "--note", "diverged")
    ended = answer(cli, *abandon)
    assert (ended["success"], ended["note"]) == (False, "diverged")
    assert "abandoned" in cli("adaptations", *abandon).stdout
    assert "abandoned" in cli("adaptations", "list", "--model", "cli-adapted:2").stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("start", "nobody", *MANUAL), "there is no model version 'nobody'"),
        (("start", "cli-adapted", *MANUAL, "--event", "4711"), "there is no event 4711"),
        (("finish", "4711", "cli-adapted:2", *WINDOW), "4711"),
        (("abandon", "4711"), "4711"),
        (("announce", "--symbol", "NONE", "--exchange", "binance"), "NONE"),
    ],
)
def test_what_cannot_be_is_one_line(
    cli: Cli, base: Place, words: tuple[str, ...], told: str
) -> None:
    ended = cli("adaptations", *words, code=1)
    assert told in ended.stderr
    assert ended.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("start", "m", "--trigger", "manual"), "--type"),
        (("start", "m", "--trigger", "whim", "--type", "retraining"), "'whim' is not one of"),
        (("start", "m", *MANUAL, "--min-predictions", "0"), "greater than or equal to 1"),
        (("finish", "1", "m"), "--start"),
        (("announce", "--exchange", "binance"), "needs --symbol"),
        (("announce", "--payload", "[1]"), "write a JSON object"),
        (("announce", "--payload", "fees"), "write a JSON object"),
    ],
)
def test_misuse_is_one_line_that_names_the_help(
    words: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(("adaptations", *words)) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert told in err
    assert "--help`" in err
