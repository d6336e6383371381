"""`cryptoscalp risk`: showing, recording, history, back-tests."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Cli, renamed

#: Two minutes of trades: 1-second candles, silent seconds among them.
METHOD = ("--horizon", "1s", "--lookback", "100s")
AT = ("--at", "2024-08-08T23:56:50Z")


def answer(cli: Cli, *words: str) -> Any:
    return json.loads(cli(*words, "--json").stdout)


@pytest.fixture
def held(cli: Cli, recording: Path, tmp_path: Path) -> str:
    """A portfolio with one position, made once."""
    if "risky" not in {one["name"] for one in answer(cli, "portfolio", "list")}:
        cli("import", str(renamed(recording, tmp_path / "risky.gz", "RISKUSDT")))
        cli("instruments", "set", "RISKUSDT", "--exchange", "binance", "--base", "RISK",
            "--quote", "USDT")  # fmt: skip
        bought(cli, "risky")
    return "risky"


def bought(cli: Cli, portfolio: str) -> None:
    """Make a portfolio that buys a hundredth."""
    cli("portfolio", "create", portfolio, "--base", "USDT")
    cli("portfolio", "deposit", portfolio, "USDT", "1000", "--reference", "one", "--at",
        "2024-08-08T23:55:01Z")  # fmt: skip
    cli("trades", "record", "--portfolio", portfolio, "RISKUSDT", "--exchange", "binance",
        "--side", "buy", "--quantity", "0.01", "--price", "61838", "--id", "900", "--at",
        "2024-08-08T23:55:02Z")  # fmt: skip


def test_from_showing_to_a_kept_backtest(cli: Cli, held: str) -> None:
    shown = answer(cli, "risk", "show", held, *AT, *METHOD)
    whole = shown[0]
    assert [one["estimator"] for one in shown[:5]] == [
        "HISTORICAL", "GAUSSIAN", "STUDENT_T", "CORNISH_FISHER", "EWMA_HISTORICAL",
    ]  # fmt: skip
    assert (whole["portfolio"], whole["scope"], whole["revision"]) == (held, "PORTFOLIO", None)
    # Bought at 61838, last traded at 61836.20 by then.
    assert Decimal(whole["portfolio_value"]) == Decimal("999.982")
    assert (whole["total_exposure"], whole["lookback"], whole["n"]) == ("618.362", 100, 100)
    assert [one["scope"] for one in shown[5:]] == ["STRATEGY", "SYMBOL", "EXCHANGE"]
    recorded = answer(cli, "risk", "record", held, *AT, *METHOD)
    assert recorded[0]["revision"] == 0
    assert recorded[0]["value_at_risk"] == whole["value_at_risk"]
    (row,) = answer(cli, "risk", "history", held)
    assert row == recorded[0]
    assert len(answer(cli, "risk", "history", held, "--scope", "symbol")) == 1
    (tested,) = answer(
        cli, "risk", "backtest", held, "--start", "2024-08-08T23:56:00Z", "--end",
        "2024-08-08T23:57:00Z", *METHOD, "--estimator", "historical", "--record",
    )  # fmt: skip
    # No trade in the second after it: what followed is not known.
    assert (tested["result"]["observations"], tested["skipped"]) == (0, 1)
    assert tested["backtest_id"] is not None


def test_an_empty_history_says_why(cli: Cli, held: str) -> None:
    cli("portfolio", "create", "calm", "--base", "USDT")
    fresh = cli("risk", "history", "calm")
    assert "no risk of calm is recorded yet: `" in fresh.stderr
    assert "risk record calm" in fresh.stderr
    cli("risk", "record", held, *AT, *METHOD)
    cli("strategies", "create", "idle")
    words = ("risk", "history", held, "--scope", "strategy", "--subject")
    told = cli(*words, "idle").stderr
    assert "risky held nothing of strategy idle whenever its risk was recorded" in told
    assert cli(*words, "idle", "--json").stdout == "[]\n"
    assert "there is no strategy 'nope'" in cli(*words, "nope", code=1).stderr
    late = cli("risk", "history", held, "--start", "2025-01-01").stderr
    assert "nothing is recorded in this range" in late


def test_tables_say_what_people_ask(cli: Cli, held: str) -> None:
    shown = cli("risk", "show", held, *AT, *METHOD).stdout
    for word in ("equity", "999.982 USDT", "HISTORICAL", "EWMA_HISTORICAL", "max drawdown",
                 "symbol RISKUSDT@binance", "adds to VaR", "RISKUSDT on binance"):  # fmt: skip
        assert word in shown
    assert "999.982" in cli("risk", "record", held, *AT, *METHOD).stdout
    assert "1 rows" in cli("risk", "history", held).stdout
    table = cli("risk", "backtest", held, *METHOD).stdout
    assert "Kupiec p" in table
    assert "there are no observations" in table


def test_what_is_wrong_is_told(cli: Cli, held: str) -> None:
    assert "0.95 was meant" in cli("risk", "show", held, "--confidence", "0.05", code=1).stderr
    assert "no portfolio 'unheard'" in cli("risk", "show", "unheard", code=1).stderr
    wrong = cli("risk", "show", held, "--estimator", "magic", code=2).stderr
    assert "there is no estimator 'magic'; choose historical, gaussian" in wrong
    # Of 2024; nothing is known of now.
    assert "no last price is known" in cli("risk", "show", held, code=1).stderr
    strict = cli("risk", "show", held, *AT, "--horizon", "1m", "--lookback", "10m", "--strict",
                 code=1).stderr  # fmt: skip
    assert "candles of 1m are lacking for RISKUSDT on binance" in strict


def test_a_backtest_names_the_estimators_that_have_no_row(cli: Cli, held: str) -> None:
    assert held  # with the trades
    bought(cli, "back")
    method = ("--horizon", "1s", "--lookback", "50s")
    # A trade is known of this second and of the next.
    cli("risk", "record", "back", "--at", "2024-08-08T23:56:01Z", *method, "--estimator",
        "historical")  # fmt: skip
    words = ("risk", "backtest", "back", *method, "--start", "2024-08-08T23:56:00Z", "--end",
             "2024-08-08T23:57:00Z")  # fmt: skip
    assert [one["result"]["observations"] for one in answer(cli, *words)] == [1, 0, 0, 0, 0]
    table, _, below = cli(*words).stdout.partition("- ")
    assert "HISTORICAL" in table
    assert "GAUSSIAN" not in table
    none = "GAUSSIAN, STUDENT_T, CORNISH_FISHER, EWMA_HISTORICAL: there are no observations"
    assert none in below
    assert "HISTORICAL: no exceptions" in below


def test_what_has_no_strategy_is_named(cli: Cli, held: str) -> None:
    assert "strategy (none)" in cli("risk", "show", held, *AT, *METHOD).stdout
    cli("risk", "record", held, *AT, *METHOD)
    assert "strategy (none)" in cli("risk", "history", held, "--scope", "strategy").stdout
