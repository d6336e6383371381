"""`cryptoscalp drift`: from watching a model to the drift that was found in its errors."""

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

WATCH = ("BTCUSDT", "--exchange", "binance", "--signal", "error", "--algorithm", "page-hinkley")


def answer(cli: Cli, *words: str) -> Any:
    return json.loads(cli("drift", *words, "--json").stdout)


@pytest.fixture(scope="module")
def base(place: Folder, cli: Cli) -> Place:
    """The command line's database, with a version whose error jumps after a hundred predictions."""
    cli("jobs", "list")
    server = EmbeddedServer(place.data_dir)
    made = Place("cryptoscalp", server.dsn, server.admin_dsn)
    (number,) = declare(made, "cli-drifting")
    predicted(made, number, [1.0] * 100 + [9.0] * 100)
    return made


def test_from_watching_to_stopping(cli: Cli, base: Place) -> None:
    of = ("--model", "cli-drifting")
    watch = ("watch", "cli-drifting", *WATCH, "--set", "threshold=20", "--set", "mode=up")
    made = answer(cli, *watch)
    assert (made["signal"], made["algorithm"]) == ("ERROR", "PAGE_HINKLEY")
    assert (made["parameters"]["threshold"], made["parameters"]["mode"]) == (20.0, "up")
    assert (made["observations"], made["drifts"]) == (0, 0)
    assert answer(cli, *watch) == made
    assert "threshold=20" in cli("drift", *watch).stdout
    assert "other" in cli("drift", *watch[:-2], code=1).stderr
    assert answer(cli, "check")["failed"] == []
    (status,) = answer(cli, "status", *of)
    detector = status["detector"]
    assert (status["model"], detector["observations"]) == ("cli-drifting:1", 200)
    assert detector["drifts"] >= 1
    events = answer(cli, "events", *of)
    assert len(events) == detector["drifts"]
    assert 100 < events[0]["observation"] < 120
    assert events[-1]["timestamp"] == status["last_drift_at"]
    assert answer(cli, "events", *of, "--limit", "1") == events[-1:]
    assert answer(cli, "events", *of, "--end", events[0]["timestamp"]) == []
    assert "PAGE_HINKLEY" in cli("drift", "events", *of).stdout
    assert "1 detectors" in cli("drift", "status", *of).stdout
    assert "0 observations, 0 drifts" in cli("drift", "check").stdout
    stopped = answer(cli, "stop", str(made["detector_id"]))
    assert stopped["stopped_at"] is not None
    assert answer(cli, "stop", str(made["detector_id"])) == stopped
    assert answer(cli, "status", *of) == []
    assert answer(cli, "events", *of) == events


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("watch", "nobody", *WATCH), "there is no model version 'nobody'"),
        (("watch", "cli-drifting", "NONE", *WATCH[1:]), "NONE"),
        (
            ("watch", "cli-drifting", *WATCH, "--set", "delta=wide"),
            "PAGE_HINKLEY.delta is a number",
        ),
        (("watch", "cli-drifting", *WATCH, "--set", "feature=1"), "has no parameter feature"),
        (("stop", "4711"), "there is no drift detector 4711"),
        (("status", "--model", "nobody"), "there is no model version 'nobody'"),
    ],
)
def test_what_cannot_be_is_one_line(
    cli: Cli, base: Place, words: tuple[str, ...], told: str
) -> None:
    ended = cli("drift", *words, code=1)
    assert told in ended.stderr
    assert ended.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("watch", "m", *WATCH, "--set", "delta"), "write NAME=VALUE"),
        (("watch", "m", *WATCH, "--feature", "x"), "go together"),
        (("watch", "m", *WATCH[:-1], "magic"), "'magic' is not one of"),
        (("stop", "first"), "valid integer"),
    ],
)
def test_misuse_is_one_line_that_names_the_help(
    words: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(("drift", *words)) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert told in err
    assert "--help`" in err
