"""CSV files with everything wrong that a file can have: the good rows come, the rest is named."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cryptoscalp.capture.formats import csv_generic
from cryptoscalp.capture.formats.mapping import parse_map
from cryptoscalp.capture.formats.reading import Options, Proof, Record
from cryptoscalp.infra.db.errors import InputError
from tests.capture.formats.reading_files import Whole, joined, knows, read, write

HEADER = "timestamp,price,quantity,side,tradeId\n"
ROW = "1750507467356,83.29,0.107,buy,293517768\n"
LTC = Options(exchange="binance", symbol="LTCUSDT")
CSV = csv_generic.FORMAT


def text(folder: Path, content: str | bytes, options: Options = LTC) -> Whole:
    return read(CSV, write(folder, "trades.csv", content), options)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_row_is_found_behind_any_separator(tmp_path: Path, separator: str, end: str) -> None:
    content = (HEADER + ROW + ROW).replace(",", separator).replace("\n", end)
    whole = text(tmp_path, content.removesuffix(end))
    assert whole.trades["line"].to_list() == [2, 3]
    assert whole.trades["volume"].to_list() == ["0.107", "0.107"]
    assert whole.plan["separator"] == separator


def test_comments_and_blank_lines_before_the_header_are_nothing(tmp_path: Path) -> None:
    comments = "".join(f"# {'#' * 130} {number}\n" for number in range(143))
    whole = text(tmp_path, f"\ufeff{comments}\n\n{HEADER}{ROW}\n{ROW}")
    assert whole.trades["line"].to_list() == [147, 149]
    assert whole.received == 2


def test_a_comment_may_be_the_header(tmp_path: Path) -> None:
    assert text(tmp_path, f"#{HEADER}{ROW}").trades["sequence"].to_list() == [293_517_768]


def test_a_header_that_comes_again_is_nothing(tmp_path: Path) -> None:
    whole = text(tmp_path, HEADER + ROW + HEADER + ROW)
    assert (whole.trades["line"].to_list(), whole.received) == ([2, 4], 2)


def test_good_rows_come_and_the_others_are_named(tmp_path: Path) -> None:
    damaged = [b"1,2", b"1750507467356,1,1,buy,1,1", b'1750507467356,"1,1,buy,1', b"\xff,1,1,buy,1"]
    damaged += [b"a\0,1,1,buy,1", b"later,1,1,buy,1", b'1750507467356,"83.30",1,"sell",7']
    whole = text(tmp_path, (HEADER + ROW).encode() + b"\n".join(damaged))
    assert [reject.line for reject in whole.rejects] == [3, 4, 5, 6, 7, 8]
    assert {reject.reason for reject in whole.rejects} == {"malformed"}
    assert {reject.stream for reject in whole.rejects} == {"trade"}
    assert whole.rejects[0].detail == "the row has 2 fields, not 5"
    assert whole.rejects[-1].detail == "timestamp 'later' is not a time in milliseconds"
    assert whole.trades["price"].to_list() == ["83.29", "83.30"]


def test_a_broken_archive_gives_what_is_before_the_break(tmp_path: Path) -> None:
    stored = gzip.compress((HEADER + ROW * 5_000).encode())
    whole = read(CSV, write(tmp_path, "trades.csv.gz", stored[: len(stored) // 2]), LTC)
    assert 0 < whole.trades.height < 5_000
    assert [reject.reason for reject in whole.rejects] == ["truncated_file"]


def test_utf_16_is_read(tmp_path: Path) -> None:
    assert text(tmp_path, (HEADER + ROW).encode("utf-16")).trades.height == 1


def test_columns_without_a_header_are_named_by_position(tmp_path: Path) -> None:
    path = write(tmp_path, "btcusdt.csv", "1605499846,15993.5,0.026472,ANY\n" * 3)
    assert not knows(CSV, path)
    mapping = parse_map("timestamp=#1:s,price=#2,volume=#3,side=#4")
    options = Options(exchange="binance", symbol="BTCUSDT", mapping=mapping)
    whole = read(CSV, path, options)
    assert whole.trades["line"].to_list() == [1, 2, 3]
    assert whole.trades["side"].to_list() == [None] * 3


@pytest.mark.parametrize(
    ("content", "options", "problem"),
    [
        ("", LTC, "is no CSV"),
        ("{}\n", LTC, "is no CSV"),
        (HEADER, LTC, "holds no record; nothing was imported"),
        (HEADER + ROW, Options(symbol="LTCUSDT"), "exchange; give it with --exchange"),
        (HEADER + ROW, Options(exchange="binance"), "symbol; give it with --symbol"),
        ("time,open,high,low,close,volume\n1,1,1,1,1,1\n", LTC, "give it with --interval (1s,"),
        ("stamp,cost\n1,2\n", LTC, "its columns are stamp, cost; name the format with --format"),
        ("time,price,price,size\n1,1,1,1\n", LTC, "could be 'price' (#2) or 'price' (#3)"),
        (HEADER + "a,b\n", LTC, "(line 2: the row has 2 fields, not 5)"),
        (HEADER + "1,x,1,buy,1\n", LTC, "(line 2: timestamp 1, price 'x')"),
        (HEADER + ROW, Options(exchange="x", symbol="y", interval="7m"), "no interval '7m'"),
    ],
)
def test_what_cannot_be_read_says_what_to_do(
    tmp_path: Path, content: str, options: Options, problem: str
) -> None:
    with pytest.raises(InputError) as caught:
        text(tmp_path, content, options)
    assert problem in str(caught.value)
    assert "trades.csv" in str(caught.value)


@pytest.mark.parametrize(
    ("exchange", "symbol"), [("binance", "LTCUSDT"), ("okx", "LTC-USDT"), ("kraken", "LTC/USDT")]
)
def test_symbols_in_the_unified_spelling_are_stored_in_the_venues(
    tmp_path: Path, exchange: str, symbol: str
) -> None:
    content = "time,symbol,price,size\n1750507467356,LTC/USDT,1,1\n1750507467356,BTC/USDT,1,1\n"
    whole = text(tmp_path, content, Options(exchange=exchange, symbol=symbol))
    assert whole.trades["symbol"].to_list() == [symbol]
    assert sum(whole.ignored.values()) == 1


def test_a_file_without_the_symbol_asked_for_says_what_it_holds(tmp_path: Path) -> None:
    content = "time,symbol,price,size\n1750507467356,LTCUSDT,1,1\n"
    with pytest.raises(InputError, match="it holds LTCUSDT on binance"):
        text(tmp_path, content, Options(exchange="binance", symbol="BTCUSDT"))


@pytest.mark.parametrize(
    "header",
    [
        "id,timestamp,exchange.timestamp,price,volume,action,direction",
        "TimestampOfReceive,Stream,EventTime,Symbol,FirstUpdateId,IsAsk,Price,Quantity",
        ",amount,price,sid,symbol,txn_dollars",
        "time,price,qty,orderId,commission",
        "2004-01-02 00:00:00+00:00,0.0",
    ],
)
def test_orders_fills_and_depth_are_not_taken_for_trades(tmp_path: Path, header: str) -> None:
    assert not knows(CSV, write(tmp_path, "some.csv", f"{header}\n1,1,1,1,1,1,1,1\n"))


@pytest.mark.parametrize(
    ("header", "columns"),
    [
        ("Timestamp_ms,PRICE,Qty", {"timestamp": "Timestamp_ms", "price": "PRICE"}),
        ("datetime,timestamp,price,size", {"timestamp": "timestamp", "volume": "size"}),
        ("ts,bid,bid_size,ask,ask_size", {"bid_price": "bid", "ask_volume": "ask_size"}),
        ("date,o,h,l,c,v,trades", {"open": "o", "trade_count": "trades"}),
        ("time,price,amount,is_buyer_maker", {"side": "is_buyer_maker"}),
    ],
)
def test_names_that_leave_no_doubt_are_known(
    tmp_path: Path, header: str, columns: dict[str, str]
) -> None:
    row = ",".join(["1750507467356", *["1"] * header.count(",")])
    path = write(tmp_path, "XY-1h.csv", f"{header}\n{row}\n")
    assert knows(CSV, path)
    found = read(CSV, path, LTC).plan["layout"]["columns"]
    assert columns.items() <= found.items()


def test_records_are_read_again_by_the_plan_and_as_the_caller_now_knows_better(
    tmp_path: Path,
) -> None:
    whole = text(tmp_path, HEADER + ROW + ROW.replace("293517768", "293517769"))
    plan = json.loads(json.dumps(whole.plan))
    records = [Record(7, ROW.strip().encode()), Record(3, b"1,2"), Record(7, ROW.strip().encode())]
    again = joined(CSV.again(plan, records, Options()), plan, Proof())
    assert again.trades.drop("line").rows() == whole.trades.drop("line").rows()[:1]
    assert (again.trades["line"].to_list(), [one.line for one in again.rejects]) == ([7], [3])
    better = Options(
        symbol="LTCBTC", unit="s", mapping=parse_map("timestamp=#1,price=#3,volume=#2")
    )
    trades = joined(CSV.again(plan, records, better), plan, Proof()).trades
    assert trades.select("exchange", "symbol", "price", "volume").row(0) == (
        "binance",
        "LTCBTC",
        "0.107",
        "83.29",
    )
    assert trades["timestamp"].to_list() == [1_750_507_467_356_000_000]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=200), good=st.booleans())
def test_any_bytes_are_rows_rejects_or_an_input_error(
    tmp_path: Path, content: bytes, good: bool
) -> None:
    content = content.removeprefix(b"\xff\xfe").removeprefix(b"\xfe\xff")
    path = write(tmp_path, "any.csv", ((HEADER + ROW).encode() if good else b"") + content)
    try:
        knows(CSV, path)
        whole = read(CSV, path, LTC)
    except InputError:
        return
    assert whole.received >= good
