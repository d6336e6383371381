"""`cryptoscalp stress` and `report`: run, list, scenarios, reverse, one HTML file."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cryptoscalp.cli import stress_examples
from tests.cli.conftest import Cli, Place
from tests.reports.reading import read


def answer(cli: Cli, *words: str) -> Any:
    return json.loads(cli(*words, "--json").stdout)


@pytest.fixture(scope="module")
def stressed(place: Place) -> str:
    """A portfolio of 10,000 USDT, of which 100 STR at 61.5 are a part."""
    place.cli("portfolio", "list")  # starts the server
    stress_examples.prepare("stress scenarios", place.data_dir)
    return "stressed"


def test_run_stores_and_list_shows(cli: Cli, stressed: str) -> None:
    ran = answer(cli, "stress", "run", stressed, "--scenario", "price-cascade")
    (found,) = ran["results"]
    assert (found["portfolio_value"], found["loss_amount"]) == ("10000", "615")
    assert found["worst_loss_amount"] == "1230"
    assert found["loss_percentage"] == 6.15
    assert found["positions"][0]["loss"] == "615"
    listed = answer(cli, "stress", "list", "--portfolio", stressed)
    assert listed[-1] == found
    shown = cli("stress", "run", stressed, "--dry-run").stdout
    for text in ("price-cascade", "615", "6.15", "1230", "not applied: march-2020"):
        assert text in shown
    assert len(answer(cli, "stress", "list", "--portfolio", stressed)) == len(listed)
    assert "price-cascade" in cli("stress", "list", "--newest").stdout
    cli("portfolio", "deposit", stressed, "USDT", "1", "--reference", "later")
    for more in ((), ("--newest",)):
        told = cli("stress", "list", "--portfolio", stressed, *more).stdout
        assert "changed since" in told
        assert "the books of stressed have changed since, at 20" in told
    cli("portfolio", "withdraw", stressed, "USDT", "1", "--reference", "back")
    assert "no last price is known" in cli(
        "stress", "run", stressed, "--by", "last", code=1
    ).stderr  # fmt: skip
    assert "no portfolio 'nobody'" in cli("stress", "list", "--portfolio", "nobody", code=1).stderr
    nothing = cli("stress", "list", "--scenario", "x").stderr
    assert "nothing is stored of a scenario 'x' here" in nothing
    assert "no scenario 'x'" in cli("stress", "run", stressed, "--scenario", "x", code=1).stderr


def test_scenarios_of_a_file(cli: Cli, stressed: str, tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text(
        "name: mine\ndescription: STR falls\nkind: hypothetical\nminutes: 5\n"
        "prices: [{base: STR, move: -50}]\n"
    )
    told = {one["name"]: one for one in answer(cli, "stress", "scenarios", "--file", str(mine))}
    assert told["mine"]["prices"] == [{"base": "STR", "move_pct": "-50"}]
    assert len(told["mine"]["sha256"]) == 64
    assert "STR falls" in cli("stress", "scenarios", "--file", str(mine)).stdout
    ran = answer(cli, "stress", "run", stressed, "--scenario", "mine", "--file", str(mine))
    assert ran["results"][0]["loss_amount"] == "3075"
    mine.write_text("name: mine\nkind: hypothetical\ndescription: d\nminutes: 5\nprizes: 1")
    refused = cli("stress", "scenarios", "--file", str(mine), code=1).stderr
    assert "there is no prizes" in refused
    assert "mine.yaml" in refused


def test_reverse(cli: Cli, stressed: str) -> None:
    down, up = answer(cli, "stress", "reverse", stressed, "--loss", "615")
    assert down["move_pct"] == pytest.approx(-10)
    assert Decimal(down["loss"]) == pytest.approx(Decimal(615))
    assert up["move_pct"] is None
    assert "-10.000000" in cli("stress", "reverse", stressed, "--loss", "615").stdout
    steep = answer(cli, "stress", "reverse", stressed, "--percent", "6.15", "--beta", "STR=2")
    assert steep[0]["move_pct"] == pytest.approx(-5)
    one = answer(cli, "stress", "reverse", stressed, "--loss", "615", "--symbol", "STRUSDT")
    assert one[0]["move_pct"] == pytest.approx(-10)
    assert "either loss or percentage" in cli("stress", "reverse", stressed, code=1).stderr
    assert "no beta" in cli(
        "stress", "reverse", stressed, "--loss", "1", "--beta", "x", code=2
    ).stderr  # fmt: skip


def test_a_report_is_one_file(cli: Cli, stressed: str, tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    words = ("report", stressed, "--start", "2024-08-08T23:55:00Z", "--end",
             "2024-08-08T23:57:00Z", "--output", str(target))  # fmt: skip
    told = answer(cli, *words)
    assert told["bytes"] == target.stat().st_size
    found = read(target.read_text("utf-8"))
    assert found.figures("summary")["equity"][1] == "10000"
    assert str(target) in cli(*words).stdout
    assert [one.name for one in tmp_path.iterdir()] == ["report.html"]
    gone = cli(*words[:-1], str(tmp_path / "no" / "r.html"), code=1).stderr
    assert f"{tmp_path / 'no' / 'r.html'}: No such file or directory" in gone
    (tmp_path / "folder").mkdir()
    folder = cli(*words[:-1], str(tmp_path / "folder"), code=1).stderr
    assert f"{tmp_path / 'folder'}: Is a directory" in folder
    assert {one.name for one in tmp_path.iterdir()} == {"report.html", "folder"}


def test_the_examples_are_commands_that_run(cli: Cli, stressed: str, tmp_path: Path) -> None:
    for line in stress_examples.LINES:
        words = line.replace("stressed.html", str(tmp_path / "s.html")).split()
        assert json.loads(cli(*words, "--json").stdout)
