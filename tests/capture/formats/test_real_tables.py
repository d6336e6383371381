"""Files that traders have, against the counts published with them."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import NamedTuple

import polars as pl
import pytest

from cryptoscalp.capture.formats import binance_vision, csv_generic, lean, okx, tardis
from cryptoscalp.capture.formats.mapping import parse_map
from cryptoscalp.capture.formats.reading import Format, Options
from cryptoscalp.capture.validation import validate_quotes, validate_trades
from tests.capture.formats.reading_files import Whole, knows, read

_SHARED = Path(
    os.environ.get("CRYPTOSCALP_SHARED", Path(__file__).resolve().parents[3].parent / "shared")
)
DATA = _SHARED / "data"
pytestmark = pytest.mark.skipif(
    not DATA.is_dir(), reason=f"no shared data at {DATA} (CRYPTOSCALP_SHARED)"
)

VISION, TARDIS, OKX, LEAN = binance_vision.FORMAT, tardis.FORMAT, okx.FORMAT, lean.FORMAT
CSV = csv_generic.FORMAT
BINANCE = Options(exchange="binance")
LTC = Options(exchange="binance", symbol="LTCUSDT")
MAP = parse_map(
    "timestamp=TransactionTime, received_at=TimestampOfReceive, sequence=TradeId, price=Price,"
    " volume=Quantity, side=IsBuyerMarketMaker:buyer_maker, symbol=Symbol"
)
SPOT = Options(exchange="binance", mapping=MAP)
USD_M = Options(exchange="binanceusdm", mapping=MAP)
GCT = Options(
    exchange="binance", symbol="BTCUSDT", mapping=parse_map("timestamp=#1:s,price=#2,volume=#3")
)


class File(NamedTuple):
    """What the manifest says of a file; `refused` are its non-positive prices and sizes."""

    name: str
    format: Format
    options: Options
    kind: str
    rows: int
    refused: int = 0


FILES = (
    File("bbgo/bybit_FXSUSDT-ticks-2023-10-10.csv", CSV, Options(exchange="bybit"), "trades", 15),
    File("bbgo/okx_BTC-USDT-aggtrades-2023-11-18.csv", OKX, Options(), "trades", 15),
    File("binance-vision-klines/ADABTC-1m-2021-11-27.csv", VISION, BINANCE, "candles", 1_440),
    File("binance-vision-klines/BTCUSDT-1m-2022-05-06.csv", VISION, BINANCE, "candles", 1_440),
    *(
        File(f"binance_data_processor/{name}_04-03-2025.csv", CSV, options, "trades", 10_000, bad)
        for name, options, bad in (
            ("test_positive_binance_trade_stream_spot_trxusdt", SPOT, 0),
            ("test_negative_binance_trade_stream_spot_trxusdt", SPOT, 0),
            ("test_positive_binance_trade_stream_usd_m_futures_trxusdt", USD_M, 1),
        )
    ),
    File("fills/gct_binance_BTCUSDT_24h-trades_2020_11_16.csv", CSV, GCT, "trades", 1_000),
    *(
        File(f"lean/{name}.zip", LEAN, Options(), kind, rows)
        for name, kind, rows in (
            ("crypto/bybit/minute/btcusdt/20221213_quote", "quotes", 721),
            ("crypto/bybit/minute/btcusdt/20221213_trade", "candles", 1_440),
            ("crypto/coinbase/minute/btcusd/20171217_quote", "quotes", 1_439),
            ("crypto/coinbase/minute/btcusd/20171217_trade", "candles", 1_440),
            ("crypto/coinbase/second/btcusd/20161007_trade", "candles", 4_063),
            ("cryptofuture/binance/minute/adausdt/20221213_quote", "quotes", 1_100),
            ("cryptofuture/binance/minute/adausdt/20221213_trade", "candles", 1_440),
        )
    ),
    File(
        "nautilus_trader/ftx_btc-perp-20211231-20220201_1m.csv",
        CSV,
        Options(exchange="ftx", symbol="BTC-PERP"),
        "candles",
        45_031,
    ),
    *(
        File(f"orderflow_ltcusdt_trades/LTCUSDT_2025-06-{name}h_trades.csv", CSV, LTC, "trades", n)
        for name, n in (
            ("21_06", 4_311),
            ("21_09", 8_386),
            ("21_12", 11_985),
            ("21_15", 20_061),
            ("21_18", 8_582),
            ("22_00", 7_424),
            ("22_03", 10_717),
            ("22_06", 26_233),
        )
    ),
    *(
        File(f"tardis/binance-futures_{name}BTCUSDT.csv", TARDIS, Options(), kind, rows)
        for name, kind, rows in (
            ("trades_2020-02-22_", "trades", 9_999),
            ("quotes_2020-02-22_", "quotes", 9_999),
            ("book_snapshot_5_", "quotes", 10),
            ("book_snapshot_25_", "quotes", 10),
        )
    ),
)


def whole_of(file: File) -> Whole:
    return read(file.format, DATA / file.name, file.options)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_row_of_the_manifest_is_an_event(file: File) -> None:
    assert knows(file.format, DATA / file.name) or file.options.mapping
    whole = whole_of(file)
    events = getattr(whole, file.kind)
    assert (events.height, whole.received) == (file.rows, file.rows)
    assert (whole.rejects, whole.ignored) == ([], {})
    assert events["line"].n_unique() == file.rows
    now_us = time.time_ns() // 1_000
    if file.kind != "candles":
        validate = validate_trades if file.kind == "trades" else validate_quotes
        good = validate(events, now_us=now_us)[0]
        assert good.height == file.rows - file.refused


@pytest.mark.parametrize(
    "pattern",
    [
        "bitstamp_l3_ob-analytics/*orders*",
        "binance_data_processor/*depth*",
        "returns_pyfolio/*.csv.gz",
    ],
)
def test_tables_of_orders_depth_and_returns_are_nobodys(pattern: str) -> None:
    paths = list(DATA.glob(pattern))
    assert paths
    for path in paths:
        for format in (VISION, TARDIS, OKX, LEAN, CSV):
            assert not knows(format, path), path


def test_units_that_differ_between_markets_are_found_file_by_file() -> None:
    for file in FILES:
        if "trade_stream" in file.name:
            units = whole_of(file).plan["layout"]["units"]
            assert set(units.values()) == ({"us"} if "spot" in file.name else {"ms"})


def test_ids_run_on_over_the_borders_of_files() -> None:
    trades = pl.concat(
        [whole_of(file).trades for file in FILES if "LTCUSDT_2025-06-21" in file.name]
    )
    ids = trades["sequence"].sort()
    assert ids.n_unique() == len(ids)
    # 168 ids are lost inside the files of that day, none between them.
    assert int(ids[-1]) - int(ids[0]) + 1 - len(ids) == 168


def test_the_zero_print_is_refused_with_its_line() -> None:
    file = next(file for file in FILES if file.refused)
    bad = validate_trades(whole_of(file).trades, now_us=time.time_ns() // 1_000)[1]
    assert bad.select("line", "reason").rows() == [(9_328, "non_positive_price")]
