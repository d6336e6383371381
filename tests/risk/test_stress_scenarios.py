"""Scenarios in YAML: what comes with the package, and what is refused with file and key."""

from __future__ import annotations

import hashlib
import json
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptoscalp import InputError, NotFound
from cryptoscalp.risk.stress.library import bundled, chosen, read
from cryptoscalp.risk.stress.parsing import parsed
from cryptoscalp.risk.stress.scenario_types import Halt, PathPoint, PriceShock
from cryptoscalp.risk.stress.yaml_text import LONGEST
from tests.risk.stress_rooms import scenario

HEAD = "name: one\ndescription: d\nkind: hypothetical\nminutes: 10\n"
PAST = "name: one\ndescription: d\nkind: historical\n"


def test_the_package_has_the_six_of_crypto_and_two_of_history() -> None:
    known = {one.name: one for one in bundled()}
    assert {
        "price-cascade", "stablecoin-depeg", "funding-spike", "venue-halt", "spread-blow-out",
        "correlation-to-one",
    } <= known.keys()  # fmt: skip
    assert [one.kind for one in known.values()].count("HISTORICAL") == 2
    assert known["price-cascade"].prices == (PriceShock(Decimal(-20)),)
    assert known["price-cascade"].path[0] == PathPoint(15, Decimal(1))
    assert known["venue-halt"].halt == Halt(360, Decimal(15))


def test_the_hash_is_of_what_is_said_not_of_how_it_is_written() -> None:
    one = parsed((HEAD + "prices: [{all: -20}]\ncurrencies: {USDT: -1}").encode(), "a.yaml")
    other = parsed(
        b"# a remark\nminutes: 10\nkind: hypothetical\ncurrencies:\n  USDT: -1.0\n"
        b"name: one\nprices:\n  - all: -2.0e+1\ndescription: d",
        "b.yaml",
    )
    assert one == other
    assert one.sha256() == other.sha256()
    text = json.dumps(one.document(), sort_keys=True, separators=(",", ":"))
    assert hashlib.sha256(text.encode()).hexdigest() == one.sha256()
    less = scenario("prices: [{all: -19.999999999}]", "one")
    assert less.sha256() != one.sha256()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("- 1", r"f.yaml must be a mapping"),
        ("", r"f.yaml must be a mapping"),
        ("a: [1", r"f.yaml: no YAML that can be read"),
        ("a: 1\n---\nb: 2", r"f.yaml: no YAML that can be read"),
        ("a: &x 1\nb: *x", r"line 1: anchors and aliases"),
        ("a: !!python/object/apply:os.system [ls]", r"line 1: tags such as"),
        ("a: 1\na: 2", r"'a' is given twice"),
        ("a: " + "[" * 20 + "]" * 20, r"nested more than 8 deep"),
        ("? [a]\n: 1", r"a key must be a word"),
        ("name: x\ndescription: d\nkind: other", r"kind 'other' is none of historical"),
        (HEAD + "prices: [{all: -20}]\nprizes: 1",
         r"there is no prizes \(is prices meant\?\); known are correlation"),
        ("nmae: x\nshocsk: 1", r"there is no nmae \(is name meant\?\), shocsk; known are correl"),
        ("kind: hypothetical\ndescripton: d", r"no descripton \(is description meant\?\)"),
        (HEAD + "prices: [{base: BTC, moev: 1}]", r"prices\[0\]: there is no moev \(is move mean"),
        (HEAD + "halt: {exchnge: x, minutes: 1, worse: 1}", r"halt: there is no exchnge \(is exch"),
        (PAST + "statr: 2024-01-01T00:00:00Z", r"there is no statr \(is start meant\?\)"),
        (HEAD, r"nothing happens in it"),
        (HEAD + "prices: [{all: -100}]", r"prices\[0\]: all -100 must be above -100"),
        (HEAD + "prices: [{all: .nan}]", r"prices\[0\]: all NaN is no number|all Decimal"),
        (HEAD + "prices: [{all: .inf}]", r"prices\[0\]: all Decimal\('Infinity'\) is no number"),
        (HEAD + "prices: [{all: true}]", r"prices\[0\]: all True is no number"),
        (HEAD + "prices: [{all: 1:30}]", r"'1:30' is no number here"),
        (HEAD + "prices: [{all: 0x1F}]", r"'0x1F' is no number here"),
        (HEAD + "prices: [{all: 1.0000000001}]", r"more than 9 decimals"),
        (HEAD + "prices: [{move: -1}]", r"name a symbol, an exchange or a base"),
        (HEAD + "prices: [{base: BTC}]", r"prices\[0\]: move is missing"),
        (HEAD + "prices: [{base: BTC, symbol: X, move: 1}]", r"base stands alone"),
        (HEAD + "prices: [{all: 1, base: BTC}]", r"all names everything"),
        (HEAD + "prices: [{all: 1, move: 2}]", r"all names everything"),
        (HEAD + "prices: [{all: 1}, {all: 2}]", r"names the same target twice"),
        (HEAD + "prices: {all: 1}", r"prices must be a list"),
        (HEAD + "currencies: {USDT: x}", r"currencies.USDT 'x' is no number"),
        (HEAD + "currencies: {USDT: -100}", r"currencies.USDT -100 must be above -100"),
        (HEAD + "prices: [{all: 1}]\npath: [{minute: 5, share: 1}]", r"must end with the scenario"),
        (HEAD + "prices: [{all: 1}]\npath: [{minute: 9, share: 1}, {minute: 9, share: 1}]",
         r"must go forward in time"),
        (HEAD + "correlation: one\nprices: [{all: 1}]", r"leave prices out"),
        (HEAD + "correlation: {to: two}", r"correlation: to 'two' is none of one"),
        (HEAD + "halt: {minutes: 1, worse: 1}", r"halt: exchange is missing"),
        (HEAD + "halt: {exchange: x, minutes: 11, worse: 1}", r"the halt ends after the scenario"),
        (HEAD + "funding: {rate: 1, intervals: 1}", r"1 fundings every 8 hours take 480 minutes"),
        (HEAD + "liquidation: {slice: 0}\nprices: [{all: 1}]", r"slice 0 must be at least 1"),
        (HEAD + "spread: {multiple: 0.5}", r"spread: multiple 0.5 must be at least 1"),
        (HEAD.replace("10", "1.5") + "prices: [{all: 1}]", r"minutes 1.5 must be a whole number"),
        (HEAD.replace("10", "0") + "prices: [{all: 1}]", r"minutes 0 must be at least 1"),
        (PAST + "start: 2024-01-01T00:00:00", r"start '2024-01-01T00:00:00' has no time zone"),
        (PAST + "start: yesterday", r"start 'yesterday' is no time"),
        (PAST + "start: 2024-01-02T00:00:00Z\nend: 2024-01-01T00:00:00Z", r"is not after start"),
        (PAST + "start: 2024-01-01T00:00:30Z\nend: 2024-01-02T00:00:00Z", r"must begin candles"),
        (PAST + "start: 2024-01-01T00:00:00Z\nend: 2024-03-01T00:00:00Z", r"more than 10,000"),
        (PAST + "start: 2024-01-01T00:00:00Z\nend: 2024-01-02T00:00:00Z\nminutes: 3",
         r"there is no minutes"),
        (PAST + "start: 2024-01-01T00:00:00Z\nend: 2024-01-02T00:00:00Z\nmap: [{base: X}]",
         r"map\[0\]: like is missing"),
        (PAST + "start: 2024-01-01T00:00:00Z\nend: 2024-01-02T00:00:00Z\n"
         "map: [{like: {symbol: A, exchange: b}}]", r"name a symbol \(and its exchange\)"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused_with_its_place(text: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        parsed(text.encode(), "f.yaml")


def test_texts_that_stand_for_gigabytes_are_refused_at_once() -> None:
    laughs = "a0: &a0 [lol]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 40)
    )
    with pytest.raises(InputError, match="anchors and aliases"):
        parsed(laughs.encode(), "laughs.yaml")
    with pytest.raises(InputError, match="bytes are too many"):
        parsed(b"#" * (LONGEST + 1), "large.yaml")
    with pytest.raises(InputError, match="no UTF-8 at byte 0"):
        parsed(b"\xff\xfe", "bytes.yaml")


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_no_text_does_anything_but_say_what_is_wrong(raw: bytes) -> None:
    try:
        found = parsed(raw, "f.yaml")
    except InputError as error:
        told = str(error)
    else:
        told = found.source
    assert "f.yaml" in told


def test_a_folder_of_scenarios_comes_beside_those_of_the_package(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(HEAD + "prices: [{all: -1}]")
    (tmp_path / "notes.txt").write_text("no scenario")
    names = [one.name for one in read(tmp_path)]
    assert names == sorted([*(one.name for one in bundled()), "one"])
    assert [one.name for one in read(tmp_path / "mine.yaml")] == names
    (tmp_path / "again.yml").write_text(HEAD.replace("one", "ONE") + "prices: [{all: -1}]")
    with pytest.raises(InputError, match=r"mine.yaml: the name 'one' is taken by .*again.yml"):
        read(tmp_path)
    (tmp_path / "again.yml").write_text(HEAD.replace("one", "venue-halt") + "prices: [{all: -1}]")
    with pytest.raises(InputError, match=r"'venue-halt' is taken by venue-halt.yaml"):
        read(tmp_path)
    with pytest.raises(InputError, match="no such file or folder"):
        read(tmp_path / "nothing")


def test_the_setting_names_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine.yaml").write_text(HEAD + "prices: [{all: -1}]")
    monkeypatch.setenv("CRYPTOSCALP_STRESS_SCENARIOS", str(tmp_path))
    assert "one" in [one.name for one in read()]
    assert [one.name for one in read(tmp_path)].count("one") == 1


def test_an_unknown_name_lists_those_that_are_declared() -> None:
    with pytest.raises(NotFound, match=r"no scenario 'apocalypse'; declared are august-2024"):
        chosen(bundled(), ["venue-halt", "apocalypse"])
