"""Binance's JSON and CSV of fills: what known records become."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cryptoscalp import Fill, InputError
from cryptoscalp.trading.files.registry import read_fills

SPOT: dict[str, Any] = {
    "symbol": "BNBBTC", "id": 28457, "orderId": 100234, "orderListId": -1, "price": "4.00000100",
    "qty": "12.00000000", "quoteQty": "48.000012", "commission": "10.10000000",
    "commissionAsset": "BNB", "time": 1499865549590, "isBuyer": True, "isMaker": False,
    "isBestMatch": True,
}  # fmt: skip
USDM: dict[str, Any] = {
    "buyer": False, "commission": "-0.07819010", "commissionAsset": "USDT", "id": 698759,
    "maker": True, "orderId": 25851813, "price": "7819.01", "qty": "0.002",
    "quoteQty": "15.63802", "realizedPnl": "-0.91539999", "side": "SELL", "positionSide": "SHORT",
    "symbol": "BTCUSDT", "time": 1569514978020,
}  # fmt: skip
COINM: dict[str, Any] = {
    "symbol": "BTCUSD_200626", "id": 6, "orderId": 28, "pair": "BTCUSD", "side": "SELL",
    "price": "8800", "qty": "1", "realizedPnl": "0", "marginAsset": "BTC",
    "baseQty": "0.01136364", "commission": "0.00000454", "commissionAsset": "BTC",
    "time": 1590743483586, "positionSide": "BOTH", "buyer": False, "maker": False,
}  # fmt: skip


def written(folder: Path, text: str, name: str = "fills") -> Path:
    """A file of the text."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def read(path: Path, **options: Any) -> list[Fill]:
    """The fills of a file of Binance's spot market, unless said otherwise."""
    return [one.fill for one in read_fills(path, **{"exchange": "binance", **options}).fills]


def test_my_trades(tmp_path: Path) -> None:
    (fill,) = read(written(tmp_path, json.dumps([SPOT])))
    assert fill == Fill(
        symbol="BNBBTC", exchange="binance", exchange_trade_id="28457",
        timestamp=datetime(2017, 7, 12, 13, 19, 9, 590_000, UTC), side="BUY",
        quantity=Decimal(12), price=Decimal("4.000001"), fee=Decimal("10.1"), fee_currency="BNB",
        liquidity="TAKER", exchange_order_id="100234",
    )  # fmt: skip


def test_user_trades_of_both_futures(tmp_path: Path) -> None:
    usdm, coinm = read(written(tmp_path, json.dumps([COINM, USDM])), exchange="venue")
    assert (usdm.exchange_trade_id, usdm.side, usdm.position_side) == ("698759", "SELL", "SHORT")
    assert (usdm.fee, usdm.fee_currency, usdm.liquidity) == (Decimal("-0.0781901"), "USDT", "MAKER")
    assert (coinm.symbol, coinm.quantity, coinm.position_side) == (
        "BTCUSD_200626",
        Decimal(1),
        None,
    )
    assert (coinm.fee, coinm.fee_currency) == (Decimal("0.00000454"), "BTC")


@pytest.mark.parametrize("wrap", ["array", "lines", "object", "nested", "one", "gzip", "bom"])
def test_every_way_to_wrap_records(tmp_path: Path, wrap: str) -> None:
    both = [SPOT, {**SPOT, "id": 28458}]
    text = {
        "lines": "\r\n".join(map(json.dumps, both)) + "\n\n",
        "object": json.dumps({"code": 0, "data": both}, indent=1),
        "nested": json.dumps({"result": {"list": both, "page": 1}}),
        "one": json.dumps(SPOT, indent=2),
        "bom": "\ufeff" + json.dumps(both),
    }.get(wrap, json.dumps(both))
    path = written(tmp_path, text)
    if wrap == "gzip":
        path.write_bytes(gzip.compress(text.encode()))
    assert [one.exchange_trade_id for one in read(path)] == ["28457", "28458"][
        : 1 + (wrap != "one")
    ]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"qty": "0"}, "qty '0' must be above zero"),
        ({"price": "-1"}, "price '-1' must be above zero"),
        ({"price": "1.2.3"}, "price '1.2.3' is no number"),
        ({"price": None}, "price is missing"),
        ({"commission": "NaN"}, "commission 'NaN' is no number"),
        ({"qty": "1e40"}, "more than 20 digits"),
        ({"qty": "1e-19"}, "more than 18 decimals"),
        ({"qty": [1]}, "is no number"),
        ({"time": 1499865549}, "before 2009-01-03; is its unit right?"),
        ({"time": 1499865549590000000}, "unit"),
        ({"time": 10**19}, "is no time"),
        ({"isBuyer": "perhaps"}, "isBuyer 'perhaps' is neither true nor false"),
        ({"side": "SELL"}, "side 'SELL' contradicts isBuyer True"),
        ({"side": "HOLD"}, "side 'HOLD' is no side"),
        ({"positionSide": "UP"}, "positionSide 'UP' is none of BOTH, LONG, SHORT"),
        ({"commissionAsset": ""}, "has no currency"),
        ({"id": True}, "id True is no text"),
        ({"id": ""}, "id '' is missing"),
    ],
)
def test_a_damaged_record_is_named(tmp_path: Path, change: dict[str, Any], says: str) -> None:
    lines = [json.dumps(one) for one in (SPOT, {**SPOT, **change})]
    path = written(tmp_path, "\n".join(lines))
    with pytest.raises(InputError, match=r"fills, line 2: ") as caught:
        read(path)
    assert says in str(caught.value)
    assert str(caught.value).endswith("nothing was booked")
    path = written(tmp_path, f"[{','.join(lines)}]")
    with pytest.raises(InputError, match=r"fills, record 2: "):
        read(path)


def test_numbers_are_exact_however_json_writes_them(tmp_path: Path) -> None:
    text = json.dumps([SPOT]).replace('"4.00000100"', "0.1234567890123456789e1")
    (fill,) = read(written(tmp_path, text))
    assert fill.price == Decimal("1.234567890123456789")


GLUED = "Date(UTC),Pair,Side,Price,Executed,Amount,Fee\n"


def test_the_spot_history_with_currencies_glued_to_numbers(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        GLUED + '2021-05-01 12:34:56,BTCUSDT,BUY,"50,000.10",0.5BTC,"25,000.05USDT",0.0005BTC\n'
        '2021-05-01 12:34:57,1INCHUSDT,SELL,"2",12.51INCH,25.0USDT,0.0012BNB\n'
        "21-05-01 12:34:58,ETHBTC,SELL,0.07,1ETH,0.07BTC,0.00007BTC\n"
        "2021-05-01 12:34:59.125,ETHBTC,SELL,0.07,1ETH,0.07BTC,0\n",
        "history.csv",
    )
    first, inch, short_year, free = read(path)
    assert (first.price, first.quantity) == (Decimal("50000.1"), Decimal("0.5"))
    assert (first.fee, first.fee_currency) == (Decimal("0.0005"), "BTC")
    assert first.timestamp == datetime(2021, 5, 1, 12, 34, 56, tzinfo=UTC)
    assert (inch.quantity, inch.fee, inch.fee_currency) == (
        Decimal("12.5"), Decimal("0.0012"), "BNB",
    )  # fmt: skip
    assert short_year.timestamp == datetime(2021, 5, 1, 12, 34, 58, tzinfo=UTC)
    assert (free.fee, free.fee_currency) == (Decimal(0), None)


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("2021-05-01 12:34:56,BTCUSDT,BUY,5,0.5BTC,2.5USDC,0BNB", "carry no currencies that make"),
        ("2021-05-01 12:34:56,BTCUSDT,BUY,5,1,2.5USDT,0BNB", "carry no currencies that make"),
        ("2021-05-01 12:34:56,BTCUSDT,BUY,5,0.5BTC,2.5USDT,12", "Fee '12' is no number with its"),
        ('2021-05-01 12:34:56,BTCUSDT,BUY,"5,0",0.5BTC,2.5USDT,0BNB', "Price '5,0' is no number"),
        ("2021-05-01 12:34:56,BTCUSDT,BUY,5,0BTC,0USDT,0BNB", "Executed '0BTC' must be above zero"),
        ("05/01/2021 12:34,BTCUSDT,BUY,5,1BTC,5USDT,0BNB", "is no time"),
        ("2021-05-01 12:34:56,BTCUSDT,BUY,5,1BTC,5USDT", "has 6 cells where the header has 7"),
        ('2021-05-01 12:34:56,BTCUSDT,BUY,5,1BTC,"5USDT,0BNB', "is no CSV"),
    ],
)
def test_a_damaged_row_is_named(tmp_path: Path, row: str, says: str) -> None:
    good = "2021-05-01 12:34:56,BTCUSDT,BUY,5,1BTC,5USDT,0BNB\n"
    with pytest.raises(InputError, match=r"history.csv, line 4: ") as caught:
        read(written(tmp_path, GLUED + good + "\n" + row + "\n", "history.csv"))
    assert says in str(caught.value)


def test_the_spot_history_with_a_column_for_the_fee_coin(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "Date(UTC);Market;Type;Price;Amount;Total;Fee;Fee Coin\r\n"
        "2019-01-02 03:04:05;BNBBTC;SELL;0.0015;10;0.015;0.000015;BTC\r\n",
    )
    (fill,) = read(path)
    assert (fill.symbol, fill.side, fill.quantity) == ("BNBBTC", "SELL", Decimal(10))
    assert (fill.fee, fill.fee_currency) == (Decimal("0.000015"), "BTC")


@pytest.mark.parametrize(
    ("header", "cells", "expected"),
    [
        ("Fee,Realized Profit,Trade ID", "0.5USDT,1.5,77", ("77", "USDT")),
        ("Fee,Fee Coin,Realized Profit,Trade ID", "0.5,BNB,1.5,78", ("78", "BNB")),
        ("Fee,Realized Profit,Quote Asset", "0.5,1.5,USDT", (None, "USDT")),
    ],
)
def test_the_history_of_futures(
    tmp_path: Path, header: str, cells: str, expected: tuple[str | None, str]
) -> None:
    path = written(
        tmp_path,
        f"Time(UTC+2),Symbol,Side,Price,Quantity,Amount,{header}\n"
        f"2023-01-02 03:04:05,BTCUSDT,SELL,20000,0.1,2000,{cells}\n",
    )
    (fill,) = read(path, exchange="binanceusdm")
    assert fill.timestamp == datetime(2023, 1, 2, 1, 4, 5, tzinfo=UTC)
    assert (fill.fee, fill.fee_currency) == (Decimal("0.5"), expected[1])
    if expected[0]:
        assert fill.exchange_trade_id == expected[0]
    else:
        assert fill.exchange_trade_id.startswith("content:")


def test_a_fee_of_futures_whose_currency_nobody_says(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "Time(UTC),Symbol,Side,Price,Quantity,Amount,Fee,Realized Profit\n"
        "2023-01-02 03:04:05,BTCUSDT,SELL,20000,0.1,2000,0.5,0\n",
    )
    with pytest.raises(InputError, match=r"Fee '0.5' has no currency beside it; say it with --map"):
        read(path)


def test_the_exchange_is_asked_for(tmp_path: Path) -> None:
    path = written(tmp_path, json.dumps([SPOT]))
    with pytest.raises(InputError, match=r"record 1: names no exchange; say it .*--exchange"):
        read(path, exchange=None)
