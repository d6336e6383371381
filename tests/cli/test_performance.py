"""`cryptoscalp performance`: refreshing, showing, comparing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Cli, renamed

_AS_OF = ("--as-of", "2024-08-09T02:00:00Z")


def answer(cli: Cli, *words: str) -> Any:
    return json.loads(cli(*words, "--json").stdout)


@pytest.fixture(scope="module")
def portfolio(cli: Cli, recording: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A portfolio that holds an instrument of its own."""
    path = tmp_path_factory.mktemp("performance") / "performance.gz"
    cli("import", str(renamed(recording, path, "PERFUSDT")))
    cli("instruments", "add", "PERFUSDT", "--exchange", "binance", "--base", "PERF",
        "--quote", "USDT")  # fmt: skip
    cli("portfolio", "create", "desk", "--base", "USDT")
    cli("portfolio", "deposit", "desk", "USDT", "10000", "--reference", "p-1",
        "--at", "2024-08-08T23:00:30Z")  # fmt: skip
    cli("trades", "record", "PERFUSDT", "--exchange", "binance", "--portfolio", "desk",
        "--side", "buy", "--quantity", "0.01", "--price", "61000", "--id", "p-2",
        "--at", "2024-08-08T23:58:30Z")  # fmt: skip
    return "desk"


def test_from_refreshing_to_comparing(cli: Cli, portfolio: str) -> None:
    # Another test may have refreshed it already.
    done = answer(cli, "performance", "refresh", portfolio, *_AS_OF, "--from-scratch")
    assert done["portfolios"] == 1
    assert done["rows"] > 0
    hours = answer(cli, "performance", "show", portfolio, "--period", "1h")
    assert [one["timestamp"] for one in hours] == [
        "2024-08-08T23:00:00.000000Z", "2024-08-09T00:00:00.000000Z",
        "2024-08-09T01:00:00.000000Z",
    ]  # fmt: skip
    assert hours[0]["total_return"] is not None
    assert hours[0]["turnover"] == "610"
    assert hours[1]["reasons"]["win_rate"] == "NO_TRADES"
    shown = cli("performance", "show", portfolio, "--period", "1h").stdout
    assert "no trades: avg_loss, avg_win, profit_factor, win_rate" in shown
    assert "3 windows" in shown
    symbol, _ = answer(
        cli, "performance", "show", portfolio, "--symbol", "PERFUSDT", "--exchange", "binance"
    )
    assert [symbol["scope"], symbol["symbol"]] == ["SYMBOL", "PERFUSDT"]
    (side,) = answer(cli, "performance", "compare", portfolio)
    assert side["portfolio"] == portfolio
    assert (
        "PERFUSDT on binance" in cli("performance", "compare", portfolio, "--by", "symbol").stdout
    )
    again = cli("performance", "refresh", portfolio, "--from-scratch").stdout
    assert "history of 0 had changed" in again


def test_no_windows_say_why(cli: Cli, portfolio: str) -> None:
    cli("portfolio", "create", "new", "--base", "USDT")
    assert "new has no trades" in cli("performance", "show", "new").stderr
    cli("trades", "record", "PERFUSDT", "--exchange", "binance", "--portfolio", "new",
        "--side", "buy", "--quantity", "0.01", "--price", "61000", "--id", "n-1",
        "--at", "2024-08-08T23:58:30Z")  # fmt: skip
    hint = cli("performance", "show", "new")
    assert "new has trades, and its performance was never reckoned" in hint.stderr
    assert "performance refresh new" in hint.stderr
    assert "performance refresh" in cli("performance", "compare", "new").stderr
    cli("performance", "refresh", portfolio, *_AS_OF)
    late = cli("performance", "show", portfolio, "--start", "2025-01-01").stderr
    assert "no window of 1d begins in this range" in late
    cli("instruments", "add", "IDLEUSDT", "--exchange", "binance", "--base", "IDLE",
        "--quote", "USDT")  # fmt: skip
    never = cli("performance", "show", portfolio, "--symbol", "IDLEUSDT")
    assert "desk never held anything of IDLEUSDT until 2024-08-09" in never.stderr
    unknown = cli("performance", "show", portfolio, "--symbol", "NOPEUSDT", code=1).stderr
    assert "nothing is stored for NOPEUSDT" in unknown
    unknown = cli("performance", "show", portfolio, "--strategy", "nope", code=1).stderr
    assert "there is no strategy 'nope'" in unknown


def test_what_is_not_there(cli: Cli) -> None:
    assert "no portfolio 'unheard'" in cli("performance", "show", "unheard", code=1).stderr
    assert "no portfolio 'unheard'" in cli("performance", "refresh", "unheard", code=1).stderr
    assert "--period" in cli("performance", "show", "desk", "--period", "2h", code=2).stderr
