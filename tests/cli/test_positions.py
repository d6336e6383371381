"""`cryptoscalp positions`: what is open, marks, stops, closing in the books."""

from __future__ import annotations

import gzip
import json
import time
from pathlib import Path
from typing import Any

import pytest

from cryptoscalp.cli.main import main
from tests.cli.conftest import Cli

ON = ("--exchange", "binanceusdm")


def answer(cli: Cli, *words: str) -> Any:
    return json.loads(cli(*words, "--json").stdout)


def opened(cli: Cli, name: str, *fills: tuple[str, str, str], mode: str = "netting") -> list[str]:
    """Numbers of the open positions that fills (side, quantity, price) have made."""
    cli("portfolio", "create", name, "--base", "USDT", "--mode", mode)
    cli("instruments", "add", name, *ON, "--base", "BTC", "--quote", "USDT", "--settle", "USDT",
        "--tick-size", "0.1", "--lot-size", "0.001")  # fmt: skip
    for number, (side, quantity, price) in enumerate(fills):
        cli("trades", "record", "--portfolio", name, name, *ON, "--side", side, "--quantity",
            quantity, "--price", price, "--id", str(number),
            "--at", f"2024-08-08T10:00:{number:02}Z")  # fmt: skip
    return [
        str(one["position_id"]) for one in answer(cli, "positions", "list", "--portfolio", name)
    ]


def quoted(cli: Cli, folder: Path, symbol: str, bid: str, ask: str) -> None:
    """Store a quote of now, and a trade half a unit above the bid."""
    now_ns = time.time_ns()
    data = {"e": "bookTicker", "u": now_ns // 1_000, "s": symbol, "b": bid, "B": "1", "a": ask,
            "A": "1", "E": now_ns // 1_000_000, "T": now_ns // 1_000_000}  # fmt: skip
    line = json.dumps({"stream": f"{symbol.lower()}@bookTicker", "data": data})
    path = folder / f"{symbol}-{now_ns}.gz"
    path.write_bytes(gzip.compress(f"{now_ns} {line}\n".encode()))
    cli("import", str(path), "--exchange", "binanceusdm")


def test_averages_have_two_decimals_more_than_the_tick(cli: Cli) -> None:
    (number,) = opened(cli, "PSAVG", ("buy", "1", "100"), ("buy", "2", "100.1"))
    shown = cli("positions", "list", "--portfolio", "PSAVG").stdout
    assert "100.067 " in shown
    assert "3.000" in shown
    found = answer(cli, "positions", "show", number)
    assert found["entry_price"].startswith("100.0666666666")
    assert (found["portfolio"], found["strategy"], found["cost_basis"]) == ("PSAVG", None, "300.2")
    assert "lots" not in found


def test_a_narrow_terminal_cuts_no_number_and_no_word(cli: Cli) -> None:
    opened(cli, "PSNARROW", ("buy", "12.345", "61837.1"))
    words = ("positions", "list", "--portfolio", "PSNARROW")
    shown = cli(*words, env={"COLUMNS": "60"}).stdout
    for text in ("PSNARROW", "binanceusdm", "LONG", "12.345", "61837.1", "unrealized", "USDT"):
        assert text in shown
    assert max(map(len, shown.splitlines())) > 60


def test_open_closed_and_all(cli: Cli) -> None:
    opened(cli, "PSALL", ("buy", "1", "100"), ("sell", "3", "110"))
    words = ("positions", "list", "--portfolio", "PSALL")
    assert [one["side"] for one in answer(cli, *words)] == ["SHORT"]
    (closed,) = answer(cli, *words, "--closed")
    assert (closed["status"], closed["realized_pnl"], closed["exit_price"]) == (
        "CLOSED",
        "10",
        "110",
    )
    assert len(answer(cli, *words, "--all")) == 2
    assert "1 closed positions" in cli(*words, "--closed").stdout
    assert "2 positions" in cli(*words, "--all").stdout


def test_lots_are_matched_first_in_first_out(cli: Cli) -> None:
    fills = (("buy", "1", "100"), ("buy", "1", "110"), ("sell", "1.5", "120"))
    (number,) = opened(cli, "PSLOTS", *fills)
    lots = answer(cli, "positions", "show", number, "--lots")["lots"]
    assert [one["pnl"] for one in lots["matches"]] == ["20", "5"]
    assert [(one["price"], one["quantity"]) for one in lots["open"]] == [("110", "0.5")]
    shown = cli("positions", "show", number, "--lots").stdout
    assert "110.0" in shown
    assert "0.500" in shown


def test_closing_is_in_the_books_only(cli: Cli, tmp_path: Path) -> None:
    (number,) = opened(cli, "PSCLOSE", ("buy", "2", "100"))
    assert "NO ORDER IS SENT" in cli("positions", "close", "--help").stdout
    assert "no quote price" in cli("positions", "close", number, code=1).stderr
    fee = ("--fee", "0.25", "--fee-currency", "USDT")
    part = answer(cli, "positions", "close", number, "--price", "105", "--quantity", "0.5", *fee)
    trade = part["trade"]
    assert (trade["kind"], trade["pnl"], trade["commission"]) == ("ADJUSTMENT", "2.5", "0.25")
    assert trade["note"] == "closed by hand"
    quoted(cli, tmp_path, "PSCLOSE", "107.5", "108.5")
    rest = cli("positions", "close", number).stdout
    assert "SELL 1.500 at 107.5" in rest
    assert f"1.500 of position {number}" in rest
    assert "is closed already" in cli("positions", "close", number, code=1).stderr
    assert answer(cli, "positions", "list", "--portfolio", "PSCLOSE") == []


def test_marks_and_breached_stops(cli: Cli, tmp_path: Path) -> None:
    (number,) = opened(cli, "PSMARK", ("sell", "2", "100"))
    of = ("--portfolio", "PSMARK")
    assert answer(cli, "positions", "mark", *of) == {"marked": 0, "unpriced": [int(number)]}
    assert (
        f"position {number} has no mid price" in cli("positions", "mark", *of, "--by", "MID").stdout
    )
    quoted(cli, tmp_path, "PSMARK", "103", "104")
    assert "1 positions marked" in cli("positions", "mark", *of).stdout
    shown = answer(cli, "positions", "show", number)
    assert (shown["current_price"], shown["unrealized_pnl"]) == ("104", "-8")
    assert "no stop loss or take profit is reached" in cli("positions", "breached", *of).stdout
    cli("positions", "stops", number, "--stop-loss", "103.50")
    found = answer(cli, "positions", "breached", *of)
    assert found["unpriced"] == []
    (one,) = found["breaches"]
    assert (one["cause"], one["price"], one["level"]) == ("stop_loss", "104", "103.5")
    assert "stop loss" in cli("positions", "breached", *of).stdout
    assert answer(cli, "positions", "show", number)["pnl_at_stop"] == "-7"


def test_stops_are_set_moved_together_and_cleared(cli: Cli) -> None:
    (number,) = opened(cli, "PSSTOP", ("buy", "1", "100"))
    words = ("positions", "stops", number)
    assert answer(cli, *words, "--stop-loss", "90", "--take-profit", "110")["stop_loss"] == "90"
    # Each of the new levels lies beyond the other old one.
    for levels in (("115", "130"), ("70", "80"), ("115", "130")):
        found = answer(cli, *words, "--stop-loss", levels[0], "--take-profit", levels[1])
        assert (found["stop_loss"], found["take_profit"]) == levels
    shown = cli(*words, "--clear", "stop-loss", "--take-profit", "140").stdout
    assert "140.0" in shown
    assert answer(cli, "positions", "show", number)["stop_loss"] is None
    both = cli(*words, "--stop-loss", "120", "--take-profit", "110", code=1)
    assert "both be reached at once" in both.stderr
    assert "both be reached at once" in cli(*words, "--stop-loss", "150", code=1).stderr


def test_a_short_has_its_stop_above(cli: Cli) -> None:
    (number,) = opened(cli, "PSSHORT", ("sell", "1", "100"))
    words = ("positions", "stops", number)
    for stop, target in (("110", "90"), ("80", "70"), ("130", "120")):
        found = answer(cli, *words, "--stop-loss", stop, "--take-profit", target)
        assert (found["stop_loss"], found["take_profit"]) == (stop, target)


def test_a_hedging_portfolio_asks_for_the_side(cli: Cli) -> None:
    assert opened(cli, "PSHEDGE", mode="hedging") == []
    words = ("trades", "record", "--portfolio", "PSHEDGE", "PSHEDGE", *ON, "--quantity", "1",
             "--price", "100", "--at", "2024-08-08")  # fmt: skip
    assert "HEDGING" in cli(*words, "--side", "buy", "--id", "1", code=1).stderr
    cli(*words, "--side", "buy", "--id", "1", "--position-side", "Long")
    cli(*words, "--side", "sell", "--id", "2", "--position-side", "short")
    found = answer(cli, "positions", "list", "--portfolio", "PSHEDGE")
    assert [one["side"] for one in found] == ["LONG", "SHORT"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("list", "--portfolio", "x", "--closed", "--all"), "exclude each other"),
        (("show", "first"), "ID"),
        (("close", "1", "--price", "0"), "above zero"),
        (("close", "1", "--by", "best"), "'best' is not one of"),
        (("stops", "1"), "give --stop-loss"),
        (("stops", "1", "--clear", "all"), "choose stop-loss, take-profit"),
        (("stops", "1", "--stop-loss", "5", "--clear", "stop-loss"), "the same level"),
        (("mark", "--portfolio", "x", "--by", ""), "is not one of"),
    ],
)
def test_misuse_is_one_line_that_names_the_help(
    words: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(("positions", *words)) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert told in err
    assert "--help`" in err


def test_what_is_not_there_is_one_line(cli: Cli) -> None:
    for words in (("show", "999999999"), ("close", "999999999"), ("list", "--portfolio", "none")):
        ended = cli("positions", *words, code=1)
        assert ended.stderr.startswith("cryptoscalp: there is no ")
        assert ended.stderr.count("\n") == 1
