"""A file of no known format, its columns named by the caller."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cryptoscalp import Fill, InputError
from cryptoscalp.trading.files.mapping import parse_map
from cryptoscalp.trading.files.registry import read_fills

NEEDED = "timestamp=time:ms, side=type, quantity=qty, price=px"
MAP = f'{NEEDED}, symbol=pair, id=tid, fee=commission, fee_currency=asset, exchange="kraken"'
HEADER = "pair,type,qty,px,time,tid,commission,asset,bnb_price"
ROW = "XBTUSD,sell,0.5,100.25,1600000000123,T-1,0.002,BNB,24.5"


def one(folder: Path, text: str, mapping: Any, **options: Any) -> Fill:
    """The one fill of a file."""
    path = folder / "vendor.csv"
    path.write_text(text, encoding="utf-8")
    (found,) = read_fills(path, mapping=mapping, **options).fills
    return found.fill


def test_columns_values_and_rates(tmp_path: Path) -> None:
    fill = one(tmp_path, f"{HEADER}\n{ROW}\n", f"{MAP}, rate.BNB=bnb_price")
    assert fill == Fill(
        symbol="XBTUSD", exchange="kraken", exchange_trade_id="T-1",
        timestamp=datetime(2020, 9, 13, 12, 26, 40, 123_000, UTC), side="SELL",
        quantity=Decimal("0.5"), price=Decimal("100.25"), fee=Decimal("0.002"),
        fee_currency="BNB", rates={"BNB": Decimal("24.5")},
    )  # fmt: skip
    assert one(tmp_path, f"{HEADER}\n{ROW}\n", f"{MAP}, rate=bnb_price") == fill
    assert one(tmp_path, f"{HEADER}\n{ROW}\n", parse_map(f"{MAP}, rate=bnb_price")) == fill
    assert one(tmp_path, f"{HEADER}\n{ROW}\n", f"{MAP}, rate:=24.5") == fill


def test_json_with_a_mapping(tmp_path: Path) -> None:
    record = dict(zip(HEADER.split(","), ROW.split(","), strict=True))
    for text in (json.dumps([record]), json.dumps(record) + "\n", json.dumps({"rows": [record]})):
        assert one(tmp_path, text, MAP).exchange_trade_id == "T-1"


@pytest.mark.parametrize(
    ("unit", "cell"),
    [
        ("s", "1600000000.123"), ("ms", "1600000000123"), ("us", "1600000000123000"),
        ("ns", "1600000000123000999"), ("iso", "2020-09-13T14:26:40.123+02:00"),
        ("utc", "2020-09-13 12:26:40.123"),
    ],
)  # fmt: skip
def test_units_of_times(tmp_path: Path, unit: str, cell: str) -> None:
    text = f"{HEADER}\n{ROW.replace('1600000000123', cell)}\n"
    fill = one(tmp_path, text, MAP.replace("time:ms", f"time:{unit}"))
    assert fill.timestamp == datetime(2020, 9, 13, 12, 26, 40, 123_000, UTC)


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("1600000000123", "is a count; say its unit"),
        ("2020-09-13T12:26:40", "has no zone; if it is UTC, say so"),
        ("soon", "time (timestamp) 'soon' is no time"),
    ],
)
def test_times_are_not_guessed(tmp_path: Path, cell: str, says: str) -> None:
    text = f"{HEADER}\n{ROW.replace('1600000000123', cell)}\n"
    with pytest.raises(InputError, match=r"vendor.csv, line 2: time \(timestamp\)") as caught:
        one(tmp_path, text, MAP.replace("time:ms", "time"))
    assert says in str(caught.value)


def test_yes_and_no_for_side_and_liquidity(tmp_path: Path) -> None:
    text = "t,buy,made,q,p,hedge\n1600000000,false,1,1,2,long\n"
    fill = one(
        tmp_path,
        text,
        "timestamp=t:s, side=buy:buyer, liquidity=made:maker, quantity=q, price=p,"
        " position_side=hedge",
        exchange="kraken",
        symbol="XBTUSD",
    )
    assert (fill.side, fill.liquidity, fill.position_side) == ("SELL", "MAKER", "LONG")
    assert (fill.fee, fill.fee_currency) == (Decimal(0), None)
    assert fill.exchange_trade_id.startswith("content:")


@pytest.mark.parametrize(
    ("mapping", "says"),
    [
        ("", "timestamp, side, quantity, price must be mapped"),
        ("timestamp=time:ms", "side, quantity, price must be mapped"),
        ("time=px", "there is no field 'time'"),
        (f"{NEEDED}, price=px", "price is mapped twice"),
        (f"{NEEDED}, fee", "'fee' is not field=column"),
        (f"{NEEDED}, fee=", "'fee=' is not field=column"),
        (NEEDED.replace("px", "PX"), "there is no column 'PX' for price; there are pair, type"),
        (NEEDED.replace("px", "px:ms"), "price takes no hint 'ms'; choose none"),
        (NEEDED.replace(":ms", ":hours"), "timestamp takes no hint 'hours'; choose s, ms, us"),
        (f'{NEEDED}, symbol="X", exchange="y", liquidity=type', "is neither MAKER nor TAKER"),
        (f'{NEEDED}, symbol="X", exchange="y", position_side=type', "is none of BOTH, LONG"),
        (f'{NEEDED}, symbol="X", exchange="y", rate.BNB="0"', "rate.BNB '0' must be above zero"),
        (NEEDED, "names no symbol; say it"),
    ],
)
def test_a_mapping_that_cannot_be(tmp_path: Path, mapping: str, says: str) -> None:
    with pytest.raises(InputError) as caught:
        one(tmp_path, f"{HEADER}\n{ROW}\n", mapping)
    assert says in str(caught.value)


def test_a_mapping_is_for_files_of_no_known_format(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a mapping is for files of no known format"):
        one(tmp_path, f"{HEADER}\n{ROW}\n", MAP, format="bbgo")
