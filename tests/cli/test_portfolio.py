"""`cryptoscalp portfolio`: terms, cash, worth, P&L, exposure."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cryptoscalp.cli.main import main
from tests.cli.conftest import Cli, renamed

ON = ("--exchange", "binance")
BUY = ("--side", "buy", "--at", "2024-08-08T23:55:01Z")


def answer(cli: Cli, *words: str) -> Any:
    return json.loads(cli(*words, "--json").stdout)


def trading(cli: Cli, recording: Path, folder: Path, symbol: str) -> tuple[str, ...]:
    """A portfolio with 10,000 USDT and market data of a pair of the same name."""
    cli("import", str(renamed(recording, folder / f"{symbol}.gz", symbol)))
    cli("instruments", "set", symbol, *ON, "--base", symbol[:3], "--quote", "USDT",
        "--tick-size", "0.01", "--lot-size", "0.001")  # fmt: skip
    cli("portfolio", "create", symbol, "--base", "USDT")
    cli("portfolio", "deposit", symbol, "USDT", "10000", "--reference", "start",
        "--at", "2024-08-08T00:00:00Z")  # fmt: skip
    return ("trades", "record", "--portfolio", symbol, symbol, *ON)


def test_a_portfolio_is_made_once_listed_and_closed(cli: Cli) -> None:
    words = ("portfolio", "create", "pf-terms", "--base", "USDT", "--leverage", "2.50")
    found = answer(cli, *words, "--mode", "Hedging")
    assert (found["position_mode"], found["leverage"]) == ("HEDGING", "2.5")
    assert answer(cli, *words, "--mode", "HEDGING") == found
    assert "other terms" in cli(*words, code=1).stderr
    listed = {one["name"]: one for one in answer(cli, "portfolio", "list")}
    assert listed["pf-terms"] == found
    assert "pf-terms" in cli("portfolio", "list").stdout
    assert answer(cli, "portfolio", "close", "pf-terms")["closed_at"] is not None
    refused = cli("portfolio", "deposit", "pf-terms", "USDT", "1", "--reference", "r", code=1)
    assert "is closed" in refused.stderr


def test_cash_comes_and_goes_once_under_a_reference(cli: Cli) -> None:
    cli("portfolio", "create", "pf-cash", "--base", "USDT")
    words = ("portfolio", "deposit", "pf-cash", "BNB", "2.000000000000000001", "--reference", "a")
    assert "no rate from BNB" in cli(*words, code=1).stderr
    booked = answer(cli, *words, "--rate", "BNB=312.5", "--note", "from savings")
    assert booked["entry"]["amount"] == "2.000000000000000001"
    assert booked["entry"]["base_amount"] == "625.000000000000000312"
    assert answer(cli, *words, "--rate", "BNB=312.5")["duplicate"] is True
    assert "nothing is changed" in cli(*words, "--rate", "BNB=312.5").stdout
    out = ("portfolio", "withdraw", "pf-cash", "BNB", "3", "--reference", "b", "--rate", "BNB=300")
    assert "is not covered" in cli(*out, code=1).stderr
    assert answer(cli, *out, "--overdraw")["entry"]["amount"] == "-3"
    assert "withdrawal 'b' of 3 BNB was booked before" in cli(*out, "--overdraw").stdout
    kinds = [one["kind"] for one in answer(cli, "portfolio", "ledger", "pf-cash")]
    assert kinds == ["DEPOSIT", "WITHDRAWAL"]
    assert answer(cli, "portfolio", "ledger", "pf-cash", "--currency", "USDT") == []
    shown = cli("portfolio", "ledger", "pf-cash").stdout
    for text in ("2.000000000000000001", "625 ", "from savings", "2 entries"):
        assert text in shown
    assert answer(cli, "portfolio", "show", "pf-cash")["balances"] == {
        "BNB": "-0.999999999999999999"
    }


def test_worth_at_a_moment_and_over_time(cli: Cli, recording: Path, tmp_path: Path) -> None:
    fill = trading(cli, recording, tmp_path, "PFVUSDT")
    cli(*fill, *BUY, "--quantity", "0.1", "--price", "61837.63", "--id", "1")
    at = ("--at", "2024-08-08T23:57:00Z")
    found = answer(cli, "portfolio", "value", "PFVUSDT", *at)
    held = found["positions"][0]
    assert (held["price"], held["quantity"]) == ("61840", "0.1")
    gained = Decimal("0.1") * (Decimal(61840) - Decimal("61837.63"))
    assert Decimal(found["equity"]) == 10_000 + gained
    assert Decimal(found["unrealized_pnl"]) == gained
    shown = cli("portfolio", "value", "PFVUSDT", *at).stdout
    for text in ("10000.237 USDT", "61840.00", "0.100", "PFVUSDT on binance"):
        assert text in shown
    assert answer(cli, "portfolio", "value", "PFVUSDT", *at, "--by", "MID")["equity"] != ""
    over = ("portfolio", "curve", "PFVUSDT", "--start", "2024-08-08T23:54:00Z", "--step", "1m",
            "--end", "2024-08-08T23:57:00Z")  # fmt: skip
    points = answer(cli, *over)
    assert [one["at"][11:16] for one in points] == ["23:54", "23:55", "23:56", "23:57"]
    assert points[0]["equity"] == "10000"
    assert points[-1] == found
    assert "4 points, in USDT" in cli(*over).stdout
    future = cli("portfolio", "value", "PFVUSDT", "--at", "2999-01-01", code=1)
    assert "is not over yet" in future.stderr


def test_worth_at_the_last_marks(cli: Cli) -> None:
    cli("portfolio", "create", "pf-marks", "--base", "USDT")
    cli("portfolio", "deposit", "pf-marks", "EUR", "3", "--reference", "a", "--rate", "EUR=1.1")
    found = answer(cli, "portfolio", "value", "pf-marks", "--rate", "EUR=1.123456789012")
    assert found["equity"] == "3.370370367036"
    shown = cli("portfolio", "value", "pf-marks", "--rate", "EUR=1.123456789012").stdout
    assert "3.37037037 USDT" in shown
    assert "no rate from EUR" in cli("portfolio", "value", "pf-marks", code=1).stderr


def test_pnl_by_day_and_exposure(cli: Cli, recording: Path, tmp_path: Path) -> None:
    fill = trading(cli, recording, tmp_path, "PFPUSDT")
    cli("strategies", "create", "pf-trend")
    cli(*fill, *BUY, "--quantity", "0.2", "--price", "61800", "--id", "1", "--strategy", "pf-trend")
    cli(*fill, "--side", "SELL", "--quantity", "0.1", "--price", "61810", "--id", "2", "--fee",
        "0.5", "--fee-currency", "USDT", "--strategy", "pf-trend",
        "--at", "2024-08-08T23:56:00Z")  # fmt: skip
    day = ("portfolio", "pnl", "PFPUSDT", "--start", "2024-08-08", "--end", "2024-08-08")
    (one,) = answer(cli, *day)
    assert (one["realized_pnl"], one["commission"], one["net_pnl"]) == ("1", "0.5", "0.5")
    assert (one["fills"], one["unrealized_pnl"]) == (2, "4")
    shown = cli(*day).stdout
    assert "pf-trend" in shown
    assert "1 lines" in shown
    (open_one,) = answer(cli, "portfolio", "exposure", "PFPUSDT")
    assert (open_one["key"], open_one["positions"]) == ("PFPUSDT on binance", 1)
    assert Decimal(open_one["long_notional"]) == Decimal(open_one["gross_notional"])
    for by, key in (("Strategy", "pf-trend"), ("exchange", "binance")):
        assert answer(cli, "portfolio", "exposure", "PFPUSDT", "--by", by)[0]["key"] == key
    assert "pf-trend" in cli("portfolio", "exposure", "PFPUSDT", "--by", "strategy").stdout
    refused = cli("portfolio", "close", "PFPUSDT", code=1)
    assert "open positions; close them first" in refused.stderr


def test_show_has_terms_balances_and_open_positions(
    cli: Cli, recording: Path, tmp_path: Path
) -> None:
    fill = trading(cli, recording, tmp_path, "PFSUSDT")
    cli(*fill, *BUY, "--quantity", "0.1", "--price", "100.5", "--id", "1")
    found = answer(cli, "portfolio", "show", "PFSUSDT")
    assert found["portfolio"]["base_currency"] == "USDT"
    assert found["balances"] == {"PFS": "0.1", "USDT": "9989.95"}
    assert [one["entry_price"] for one in found["positions"]] == ["100.5"]
    shown = cli("portfolio", "show", "PFSUSDT").stdout
    for text in ("NETTING", "9989.95", "100.50", "0.100", "1 open positions"):
        assert text in shown


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("create", "x", "--base", "USDT", "--mode", "both"), "'both' is not one of"),
        (("create", "x", "--base", "USDT", "--leverage", "0"), "above zero"),
        (("deposit", "x", "USDT", "much", "--reference", "r"), "'much' is no number"),
        (("value", "x", "--rate", "BNB"), "BNB=312.5"),
        (("value", "x", "--rate", "BNB=0"), "above zero"),
        (("value", "x", "--rate", "A=1", "--rate", "A=2"), "given twice"),
        (("value", "x", "--by", "best"), "'best' is not one of"),
        (("pnl", "x", "--start", "8.8.2024"), "2024-08-08"),
        (("pnl", "x", "--start", "2024-08-08", "--end", "2024-08-07"), "before --start"),
        (("curve", "x", "--start", "2024-08-08", "--end", "2024-08-09", "--step", "x"), "30s"),
        (("exposure", "x", "--by", "colour"), "'colour' is not one of"),
    ],
)
def test_misuse_is_one_line_that_names_the_help(
    words: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(("portfolio", *words)) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert told in err
    assert "--help`" in err
