"""`trades import`, `trades export` and `reconcile` at the command line."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Cli, new_place, shared

REAL = "fills/bbgo_binance_btcusdt_account_fills_2019-2020.json"
HEAD = "t,pair,s,q,p,id,fee,fee_in"
MAP = (
    "timestamp=t:utc, symbol=pair, side=s, quantity=q, price=p, id=id, fee=fee,"
    ' fee_currency=fee_in, exchange="binance"'
)
FIRST = "2024-01-01 00:01:00,BTCUSDT,BUY,2,100.5,a,0.01,BNB"
SECOND = "2024-01-01 00:02:00,BTCUSDT,SELL,0.5,101,b,0,"
THIRD = "2024-01-01 00:03:00,BTCUSDT,SELL,0.5,102,c,0.1,USDT"
_names = (f"account-{number}" for number in itertools.count(1))


@pytest.fixture(scope="module")
def cli() -> Iterator[Cli]:
    """The program on a server of its own: BTCUSDT has other terms in other tests."""
    with new_place() as place:
        on = ("--exchange", "binance")
        place.cli("instruments", "add", "BTCUSDT", *on, "--base", "BTC", "--quote", "USDT")
        yield place.cli


@pytest.fixture
def account(cli: Cli) -> str:
    """A portfolio of the test's own."""
    name = next(_names)
    cli("portfolio", "create", name, "--base", "USDT")
    return name


def csv(folder: Path, *rows: str, name: str = "fills.csv") -> str:
    """A file of rows."""
    path = folder / name
    path.write_text("\n".join([HEAD, *rows]) + "\n", encoding="utf-8")
    return str(path)


def answer(cli: Cli, *words: str, code: int = 0) -> Any:
    """What a command answers in JSON."""
    return json.loads(cli(*words, "--json", code=code).stdout)


@pytest.mark.long
def test_the_real_file(cli: Cli, account: str) -> None:
    words = ("trades", "import", str(shared(REAL)), "--portfolio", account, "--rate", "BNB=19.5")
    checked = answer(cli, *words, "--check")
    assert (checked["checked"], checked["booked"], checked["duplicates"]) == (True, 3_432, 0)
    assert checked["fees"] == {"BNB": "7.65816088", "BTC": "0.09215858", "USDT": "738.61114986"}
    assert checked["symbols"] == [{"symbol": "BTCUSDT", "exchange": "binance"}]
    assert (checked["first"], checked["last"]) == (
        "2019-10-31T15:48:51.803000Z", "2020-08-04T05:40:26.013000Z",
    )  # fmt: skip
    done = answer(cli, *words)
    assert done == {**checked, "checked": False}
    again = answer(cli, *words)
    assert (again["booked"], again["duplicates"]) == (0, 3_432)
    assert answer(cli, "reconcile", "--portfolio", account, "--fills", words[2])["agreed"] == 3_432


@pytest.mark.long
def test_import_with_a_map_for_people(cli: Cli, account: str, tmp_path: Path) -> None:
    path = csv(tmp_path, FIRST, SECOND)
    rateless = ("trades", "import", path, "--portfolio", account, "--map", MAP)
    assert "rate from BNB to USDT" in cli(*rateless, code=1).stderr
    words = (*rateless, "--rate", "BNB=300")
    shown = cli(*words, "--check").stdout
    assert "to be booked   2" in shown
    assert "a check: nothing was booked" in shown
    lines = cli(*words).stdout.splitlines()
    assert [line.split(maxsplit=1)[0] for line in lines] == [
        "received", "booked", "booked", "instruments", "first", "last", "fees",
    ]  # fmt: skip
    assert lines[3].endswith("BTCUSDT on binance")
    assert lines[-1].endswith("0.01 BNB")


def test_a_bad_record_is_one_line(cli: Cli, account: str, tmp_path: Path) -> None:
    path = csv(tmp_path, FIRST, SECOND.replace("0.5", "much"))
    ended = cli("trades", "import", path, "--portfolio", account, "--map", MAP, code=1)
    assert ended.stderr == (
        f"cryptoscalp: {path}, line 3: q (quantity) 'much' is no number; nothing was booked\n"
    )
    path = csv(tmp_path, FIRST)
    ended = cli("trades", "import", path, "--portfolio", account, code=1)
    assert "no format of fills knows its fields" in ended.stderr
    cli("trades", "import", path, "--portfolio", account, "--rate", "BNB", code=2)


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_export_and_import_again(cli: Cli, account: str, tmp_path: Path, kind: str) -> None:
    path = csv(tmp_path, FIRST, SECOND, THIRD)
    cli("trades", "import", path, "--portfolio", account, "--map", MAP, "--rate", "BNB=300")
    out, back = tmp_path / f"out.{kind}", tmp_path / f"back.{kind}"
    shown = cli("trades", "export", "--portfolio", account, "--output", str(out)).stdout
    assert shown == f"3 fills written to {out}\n"
    other = next(_names)
    cli("portfolio", "create", other, "--base", "USDT")
    assert answer(cli, "trades", "import", str(out), "--portfolio", other)["booked"] == 3
    written = answer(cli, "trades", "export", "--portfolio", other, "--output", str(back))
    assert written == {"path": str(back), "fills": 3}
    assert back.read_bytes() == out.read_bytes()
    words = ("trades", "export", "--portfolio", account, "--output", str(out))
    assert answer(cli, *words, "--start", "2024-01-01T00:02:00Z", "--symbol", "BTCUSDT",
                  "--exchange", "binance")["fills"] == 2  # fmt: skip
    assert ".csv or .jsonl" in cli(*words[:-1], "out.xlsx", code=1).stderr


def test_reconcile_fills(cli: Cli, account: str, tmp_path: Path) -> None:
    path = csv(tmp_path, FIRST, SECOND, THIRD)
    rates = ("--map", MAP, "--rate", "BNB=300")
    cli("trades", "import", path, "--portfolio", account, *rates)
    words = ("reconcile", "--portfolio", account, "--fills", path, *rates)
    assert "3 fills agree; 0 are missing" in cli(*words).stdout
    csv(tmp_path, FIRST.replace("100.5", "100.25"), THIRD, THIRD.replace(",c,", ",d,"))
    shown = cli(*words, code=1).stdout
    assert "1 fills agree; 1 are missing in the books, 1 are extra, 1 differ" in shown
    assert "price 100.5 → 100.25" in shown
    assert "nothing was changed; --apply makes the books agree" in shown
    found = answer(cli, *words, code=1)
    assert (found["agrees"], found["applied"]) == (False, [])
    assert [one["exchange_trade_id"] for one in found["missing"]] == ["d"]
    assert [one["exchange_trade_id"] for one in found["extra"]] == ["b"]
    assert found["differing"][0]["fields"] == [
        {"field": "price", "books": "100.5", "venue": "100.25"}
    ]
    shown = cli(*words, "--apply", "--reason", "audit").stdout
    assert "the books were made to agree: 4 trades were booked" in shown
    assert answer(cli, *words)["agreed"] == 3


def test_reconcile_balances(cli: Cli, account: str, tmp_path: Path) -> None:
    path = tmp_path / "balances.csv"
    path.write_text("asset,free,locked\nUSDT,90.25,9.75\nBTC,0.000000001,0\n")
    words = ("reconcile", "--portfolio", account, "--balances", str(path), "--rate", "BTC=50000")
    shown = cli(*words, code=1).stdout
    assert "2 of 2 balances differ" in shown
    assert "0.000000001" in shown
    found = answer(cli, *words, code=1)
    assert found["balances"] == [
        {"currency": "BTC", "books": "0", "venue": "0.000000001", "difference": "0.000000001"},
        {"currency": "USDT", "books": "0", "venue": "100", "difference": "100"},
    ]
    shown = cli(*words, "--apply").stdout
    assert "the books were made to agree: 2 entries were booked" in shown
    assert answer(cli, *words, "--apply")["applied"] == []
    assert "0 of 2 balances differ" in cli(*words).stdout


def test_what_reconcile_is_not_told(cli: Cli, account: str, tmp_path: Path) -> None:
    path = csv(tmp_path, FIRST)
    words = ("reconcile", "--portfolio", account)
    assert "--fills FILE or --balances FILE" in cli(*words, code=2).stderr
    cli(*words, "--fills", path, "--balances", path, code=2)
    ended = cli(*words, "--balances", path, "--map", MAP, code=2)
    assert "--map belongs to --fills" in ended.stderr
    ended = cli(*words, "--fills", path, "--at", "2024-01-01", code=2)
    assert "--at belongs to --balances" in ended.stderr
