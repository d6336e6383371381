"""Files of fills: formats, content ids, order, and files that are not whole."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cryptoscalp import Fill, InputError, UnknownFormat
from cryptoscalp.trading.files.registry import FORMATS, read_fills

HEAD = "Date(UTC),Pair,Side,Price,Executed,Amount,Fee\n"
ROW = "2021-05-01 12:34:56,BTCUSDT,BUY,5,1BTC,5USDT,0BNB\n"
BBGO: dict[str, Any] = {
    "gid": 1, "id": 199025959, "exchange": "binance", "price": 9200, "quantity": 0.060187,
    "quoteQuantity": 553.7204, "symbol": "BTCUSDT", "side": "BUY", "isBuyer": True,
    "isMaker": True, "tradedAt": "2019-10-31T15:48:51.803Z", "fee": 0.00006019,
    "feeCurrency": "BTC",
}  # fmt: skip


def written(folder: Path, text: str, name: str = "fills.csv") -> Path:
    """A file of the text."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def read(*paths: Path, **options: Any) -> list[Fill]:
    """The fills of files."""
    return [one.fill for one in read_fills(paths, **options).fills]


def test_bbgo(tmp_path: Path) -> None:
    path = written(tmp_path, json.dumps([BBGO, {**BBGO, "id": 7, "orderID": 12}]))
    later, fill = read(path)
    assert fill == Fill(
        symbol="BTCUSDT", exchange="binance", exchange_trade_id="199025959",
        timestamp=datetime(2019, 10, 31, 15, 48, 51, 803_000, UTC), side="BUY",
        quantity=Decimal("0.060187"), price=Decimal(9200), fee=Decimal("0.00006019"),
        fee_currency="BTC", liquidity="MAKER",
    )  # fmt: skip
    assert (later.exchange_trade_id, later.exchange_order_id) == ("7", "12")


def test_bbgo_calls_spot_and_futures_by_one_name(tmp_path: Path) -> None:
    path = written(tmp_path, json.dumps([{**BBGO, "isFutures": True}]))
    with pytest.raises(InputError, match="names no exchange"):
        read(path)
    assert read(path, exchange="binanceusdm")[0].exchange == "binanceusdm"
    with pytest.raises(InputError, match=r"is of binance, and --exchange says kraken"):
        read(written(tmp_path, json.dumps([BBGO])), exchange="kraken")


def test_equal_rows_in_one_file_are_distinct_and_in_two_the_same(tmp_path: Path) -> None:
    one = written(tmp_path, HEAD + ROW + ROW, "one.csv")
    two = written(tmp_path, HEAD + ROW.replace(",5,", ",5.00,"), "two.csv")
    ids = [fill.exchange_trade_id for fill in read(one, exchange="binance")]
    assert len(set(ids)) == 2
    assert [name.rpartition(":")[2] for name in ids] == ["1", "2"]
    assert read(two, exchange="binance")[0].exchange_trade_id == ids[0]
    other = written(tmp_path, HEAD + ROW.replace("12:34:56", "12:34:57"), "other.csv")
    assert read(other, exchange="binance")[0].exchange_trade_id not in ids


def test_fills_are_in_the_order_of_time_then_number_then_place(tmp_path: Path) -> None:
    late = "2019-10-31T15:48:52Z"
    found = [{**BBGO, "id": name, "tradedAt": at} for name, at in (
        ("x", late), ("a", late), (10, late), (9, late), (3, BBGO["tradedAt"]),
    )]  # fmt: skip
    fills = read(written(tmp_path, json.dumps(found)))
    assert [fill.exchange_trade_id for fill in fills] == ["3", "9", "10", "x", "a"]


def test_one_symbol_of_several(tmp_path: Path) -> None:
    path = written(tmp_path, json.dumps([BBGO, {**BBGO, "symbol": "ETHUSDT"}]))
    for symbol in ("ETHUSDT", "ETH/USDT"):
        found = read_fills(path, symbol=symbol)
        assert ([one.fill.symbol for one in found.fills], found.ignored) == (["ETHUSDT"], 1)


def test_an_unknown_format_names_what_there_is(tmp_path: Path) -> None:
    path = written(tmp_path, "a,b\n1,2\n")
    with pytest.raises(UnknownFormat, match=r"knows its fields a, b; say which .*--map") as caught:
        read(path)
    assert all(one.name in str(caught.value) for one in FORMATS)
    with pytest.raises(UnknownFormat, match=r"no format 'ftx' of fills; choose cryptoscalp, bbgo"):
        read(path, format="ftx")
    with pytest.raises(InputError, match="format mapped needs the mapping"):
        read(path, format="mapped")
    with pytest.raises(InputError, match=r"line 2: symbol is missing"):
        read(path, format="bbgo")


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"PK\x03\x04...", "is a zip archive or a spreadsheet"),
        (b"\xff\xfea\x00", "is no UTF-8 text (byte 1)"),
        (gzip.compress(b"x" * 9_999, mtime=0)[:-9], "gzip data are damaged or cut off"),
        (b"[1]", "record 1: is no object with named fields"),
        (b'[{"a": 1}', "is no JSON"),
        (b'[{"a": NaN}]', "NaN is no number"),
        (b'[{"a": 1, "a": 2}]', "field 'a' is there twice"),
        (b'{"a": 1}\n{"a": }\n', "line 2: is no JSON"),
        (b'{"a": }\n{"a": 1}\n', "line 1: is no JSON"),
        (b'{"x": [{"a": 1}], "y": [{"b": 1}]}', "has several lists of records (x, y)"),
        (b"a,b,a\n1,2,3\n", "line 1: the header has a twice"),
        (b"[" * 100_000, "is no JSON"),
        (b'[{"a": ' + b"9" * 5_000 + b"}]", "is no JSON"),
    ],
)
def test_a_file_that_is_not_whole(tmp_path: Path, raw: bytes, says: str) -> None:
    path = tmp_path / "fills"
    path.write_bytes(raw)
    with pytest.raises(InputError) as caught:
        read(path)
    assert str(caught.value).startswith(f"{path}")
    assert says in str(caught.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read: No such file"):
        read(tmp_path / "absent")
    with pytest.raises(InputError, match="cannot be read: Is a directory"):
        read(tmp_path)
    with pytest.raises(InputError, match="no file was given"):
        read()


def test_a_file_of_no_fill_holds_none(tmp_path: Path) -> None:
    assert read(written(tmp_path, "[]")) == []
    assert read(written(tmp_path, HEAD)) == []
