"""`cryptoscalp regimes`: watching, updating, what is in force, what was."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cryptoscalp.cli.main import main
from tests.cli.conftest import Cli, renamed

ON = ("--exchange", "binance", "--interval", "1s")
#: All of two minutes was received, so a second without a trade is a candle at the same price.
QUICK = ("--set", "warm_up=90", "--set", "volatile_ratio=1.75")


def answer(cli: Cli, *words: str) -> Any:
    return json.loads(cli(*words, "--json").stdout)


@pytest.fixture
def symbol(cli: Cli, recording: Path, tmp_path: Path) -> str:
    """An instrument with trades of its own, stored once."""
    cli("import", str(renamed(recording, tmp_path / "regimes.gz", "REGUSDT")))
    return "REGUSDT"


@pytest.mark.long
def test_from_watching_to_stopping(cli: Cli, symbol: str) -> None:
    of = (symbol, *ON)
    (made,) = answer(cli, "regimes", "watch", *of, *QUICK)
    assert (made["symbol"], made["interval"], made["through"]) == (symbol, "1s", None)
    assert (made["regime"], made["stopped_at"]) == (None, None)
    assert (made["rule"]["warm_up"], made["rule"]["volatile_ratio"]) == (90, 1.75)
    assert "watched" in cli("regimes", "show", symbol).stdout
    (update,) = [one for one in answer(cli, "regimes", "update") if one["symbol"] == symbol]
    assert (update["candles"], update["regimes"]) == (119, 1)
    assert update["through"] == "2024-08-08T23:57:00.000000Z"
    (shown,) = answer(cli, "regimes", "show", symbol, "--at", update["through"])
    (regime,) = answer(cli, "regimes", "history", *of)
    assert shown["regime"] == regime
    (now,) = answer(cli, "regimes", "show", symbol)
    assert now["regime"] is None  # seen last in 2024
    assert (regime["since"], regime["duration_minutes"]) == ("2024-08-08T23:56:31.000000Z", 0)
    assert regime["label"] in ("TRENDING", "RANGING", "VOLATILE")
    assert 0.5 <= regime["confidence"] <= 1
    assert regime["features"]["candles"] == 90
    assert regime["features"]["rule"] == made["rule"]
    (before,) = answer(cli, "regimes", "show", *of, "--at", "2024-08-08T23:56:30Z")
    assert before["regime"] is None
    assert regime["label"] in cli("regimes", "show", "--at", update["through"]).stdout
    assert regime["label"] in cli("regimes", "history", *of).stdout
    assert symbol in cli("regimes", "update").stdout
    refused = cli("regimes", "watch", *of, code=1).stderr
    assert "other parameters" in refused
    assert "regimes unwatch" in refused
    (stopped,) = answer(cli, "regimes", "unwatch", *of)
    assert stopped["stopped_at"] is not None
    assert "stopped" in cli("regimes", "show", symbol).stdout
    assert symbol not in cli("regimes", "update").stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("watch", "X"), "--interval"),
        (("watch", "X", "--interval", "7m"), "'7m' is not one of"),
        (("watch", "X", "--interval", "1m", "--set", "confirm"), "write NAME=NUMBER"),
        (("watch", "X", "--interval", "1m", "--set", "confirm=many"), "write NAME=NUMBER"),
        (("show", "X", "--at", "noon"), "is no time"),
    ],
)
def test_misuse_is_one_line_that_names_the_help(
    words: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(("regimes", *words)) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert told in err
    assert "--help`" in err


@pytest.mark.long
@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("watch", "NONE", *ON), "nothing is stored for NONE"),
        (("watch", "NONE", *ON, "--set", "confirm=0"), "confirm 0 must be 1 or more"),
        (("watch", "NONE", *ON, "--set", "colour=1"), "no parameter colour"),
        (("show", "NONE"), "regimes of NONE are not reckoned"),
        (("history", "REGUSDT", "--exchange", "binance", "--interval", "4h"), "regimes watch"),
    ],
)
def test_what_cannot_be_is_one_line(
    cli: Cli, symbol: str, words: tuple[str, ...], told: str
) -> None:
    ended = cli("regimes", *words, code=1)
    assert told in ended.stderr
    assert ended.stderr.count("\n") == 1
