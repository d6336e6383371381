"""What every file of the shared data holds: literal counts from its MANIFEST, and why not.

Files are imported in this order, so that of two that hold the same events the later one has the
duplicates.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from campaigns.evidence import ROOT

DATA: Final = Path(os.environ.get("CRYPTOSCALP_SHARED", ROOT.parent / "shared")) / "data"


@dataclass(frozen=True, slots=True)
class Held:
    """A file of a supported format.

    `counts` are the MANIFEST's by kind (trades, quotes, candles), the refused and the repeated
    ones among them; `ignored` the records that have no table (its message types, and of sessions
    the messages of those channels). `symbols` are those of `exchange`. `duplicate` are stored
    from a file above, or twice in this one; `refused` are by reason. `rounded` are floats whose
    shortest text goes beyond 18 decimals: the MANIFEST, which counts beyond 10, has more.
    `options` are those of the import.
    """

    file: str
    format: str
    exchange: str
    symbols: str
    counts: Mapping[str, int]
    ignored: int = 0
    duplicate: int = 0
    refused: Mapping[str, int] = field(default_factory=dict)
    rounded: int = 0
    options: Mapping[str, str] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True, slots=True)
class Unsupported:
    """A file that cannot be stored: what it holds, and words of the importer's reason."""

    file: str
    holds: str
    words: str = "no importer knows this file"


def _recorded(
    file: str, exchange: str, symbol: str, trades: int, quotes: int, depth: int, snapshots: int = 0
) -> Held:
    counts = {"trades": trades, "quotes": quotes}
    name = f"hftbacktest/{file}"
    return Held(name, "binance-collector", exchange, symbol, counts, ignored=depth + snapshots)


def _session(
    file: str, exchange: str, symbols: str, trades: int, quotes: int, ignored: int, note: str = ""
) -> Held:
    counts = {"trades": trades, "quotes": quotes}
    return Held(f"cryptofeed/{file}", "cryptofeed", exchange, symbols, counts, ignored, note=note)


def _freqtrade(
    file: str, symbol: str, kind: str, count: int, *, duplicate: int = 0, rounded: int = 0
) -> Held:
    exchange = "binanceusdm" if "futures" in file else "binance"
    options = {"exchange": exchange} | ({"symbol": "BTC/USDT"} if "spot" in file else {})
    return Held(
        file, "freqtrade", exchange, symbol, {kind: count}, 0, duplicate, {}, rounded, options
    )


def _ltc(hour: str, count: int) -> Held:
    file = f"orderflow_ltcusdt_trades/LTCUSDT_2025-06-{hour}_trades.csv"
    options = {"exchange": "binance", "symbol": "LTCUSDT"}
    return Held(file, "csv", "binance", "LTCUSDT", {"trades": count}, options=options)


def _bars(file: str, exchange: str, symbol: str, kind: str, count: int) -> Held:
    return Held(f"lean/{file}.zip", "lean", exchange, symbol, {kind: count})


_PROCESSOR: Final = "binance_data_processor/test_"
_USERDATA: Final = "freqtrade_userdata_binance"

HELD: Final = (
    _recorded("usdm/btcusdt_20240808.gz", "binanceusdm", "BTCUSDT", 21_313, 66_089, 6_551, 1),
    _recorded("usdm/ethusdt_20240808.gz", "binanceusdm", "ETHUSDT", 14_076, 53_992, 6_586, 1),
    _recorded("spot/btcusdt_20240808.gz", "binance", "BTCUSDT", 9_757, 28_040, 3_451, 1),
    _recorded("spot/btcusdt_20240809.gz", "binance", "BTCUSDT", 10_147, 45_134, 3_044),
    _recorded("spot/ethusdt_20240808.gz", "binance", "ETHUSDT", 6_106, 24_077, 3_434, 1),
    _recorded("spot/ethusdt_20240809.gz", "binance", "ETHUSDT", 8_409, 34_681, 3_036),
    _recorded(
        "cm/btcusd_perp_20240808.gz", "binancecoinm", "BTCUSD_PERP", 2_286, 19_136, 26_847, 1
    ),
    _recorded("cm/btcusd_perp_20240809.gz", "binancecoinm", "BTCUSD_PERP", 2_949, 29_219, 17_948),
    _recorded("usdm/ethusdt_20240718.gz", "binanceusdm", "ETHUSDT", 1_640, 9_089, 3_273, 1),
    _recorded("usdm/ethusdt_20240719.gz", "binanceusdm", "ETHUSDT", 12_015, 38_239, 5_656),
    Held(
        "tardis/binance-futures_trades_2020-02-22_BTCUSDT.csv", "tardis",
        "binanceusdm", "BTCUSDT", {"trades": 9_999},
    ),
    Held(
        "tardis/binance-futures_quotes_2020-02-22_BTCUSDT.csv", "tardis",
        "binanceusdm", "BTCUSDT", {"quotes": 9_999},
    ),
    Held(
        "tardis/binance-futures_book_snapshot_25_BTCUSDT.csv", "tardis",
        "binanceusdm", "BTCUSDT", {"quotes": 10},
    ),
    Held(
        "tardis/binance-futures_book_snapshot_5_BTCUSDT.csv", "tardis",
        "binanceusdm", "BTCUSDT", {"quotes": 10}, duplicate=4,
        note="four of its best levels stand in book_snapshot_25 too",
    ),
    Held(
        "nautilus_trader/ftx_btc-perp-20211231-20220201_1m.csv", "csv",
        "ftx", "BTC-PERP", {"candles": 45_031},
        options={"exchange": "ftx", "symbol": "BTC-PERP"},
    ),
    Held(
        "nautilus_trader/binance_btcusdt-trades.parquet", "parquet",
        "binance", "BTCUSDT", {"trades": 2_001}, rounded=242,
        options={"exchange": "binance", "symbol": "BTCUSDT"},
    ),
    Held(
        "nautilus_trader/binance_btcusdt-quotes.parquet", "parquet",
        "binance", "BTCUSDT", {"quotes": 451}, rounded=29, options={"exchange": "binance"},
    ),
    Held(
        "nautilus_trader/kraken_http_trades_XBTUSDT.json", "json",
        "kraken", "XBT/USDT", {"trades": 1_000},
        options={
            "exchange": "kraken", "symbol": "XBT/USDT", "format": "json",
            "mapping": "timestamp=#3, price=#1, volume=#2, side=#4, sequence=#7",
        },
    ),
    Held(
        "nautilus_trader/catalog_128bit_quotes.parquet", "nautilus",
        "sim", "EURUSD", {"quotes": 9_500},
    ),
    Held(
        "nautilus_trader/catalog_64bit_quotes.parquet", "nautilus",
        "sim", "EURUSD", {"quotes": 9_500}, duplicate=9_500, note="the 128-bit quotes again",
    ),
    Held(
        "binance-vision-klines/ADABTC-1m-2021-11-27.csv", "binance-vision",
        "binance", "ADABTC", {"candles": 1_440}, options={"exchange": "binance"},
    ),
    Held(
        "binance-vision-klines/BTCUSDT-1m-2022-05-06.csv", "binance-vision",
        "binanceusdm", "BTCUSDT", {"candles": 1_440}, options={"exchange": "binanceusdm"},
    ),
    _freqtrade("freqtrade/XRP_ETH-trades.feather", "XRPETH", "trades", 12_477),
    _freqtrade("freqtrade/XRP_ETH-trades.parquet", "XRPETH", "trades", 12_477, duplicate=12_477),
    _freqtrade("freqtrade/XRP_ETH-trades.json.gz", "XRPETH", "trades", 12_477, duplicate=12_477),
    _freqtrade("freqtrade/XRP_OLD-trades.json.gz", "XRPETH", "trades", 12_477, duplicate=12_477),
    _freqtrade("freqtrade/TRX_BTC-5m.feather", "TRXBTC", "candles", 5_754, rounded=10_117),
    _freqtrade(
        "freqtrade/UNITTEST_BTC-1m.feather", "UNITTESTBTC", "candles", 13_681, rounded=10_740
    ),
    _freqtrade("freqtrade/XRP_ETH-1m.feather", "XRPETH", "candles", 2_469),
    _freqtrade(
        f"{_USERDATA}/1000SHIB_USDT_USDT-1m-futures.feather", "1000SHIBUSDT", "candles", 48_105
    ),
    _freqtrade(f"{_USERDATA}/DOGE_USDT_USDT-1m-futures.feather", "DOGEUSDT", "candles", 48_105),
    _freqtrade(f"{_USERDATA}/DOGE_USDT_USDT-5m-futures.feather", "DOGEUSDT", "candles", 116_716),
    _freqtrade(f"{_USERDATA}/spot_BTC_USDT-1h.feather", "BTCUSDT", "candles", 73_264),
    _freqtrade(
        f"{_USERDATA}/1000SHIB_USDT_USDT-4h-futures.feather", "1000SHIBUSDT", "candles", 2_248
    ),
    Held(
        f"{_PROCESSOR}positive_binance_trade_stream_spot_trxusdt_04-03-2025.csv", "csv",
        "binance", "TRXUSDT", {"trades": 10_000}, options={"exchange": "binance"},
    ),
    Held(
        f"{_PROCESSOR}negative_binance_trade_stream_spot_trxusdt_04-03-2025.csv", "csv",
        "binance", "TRXUSDT", {"trades": 10_000}, duplicate=10_000,
        options={"exchange": "binance"},
        note="tampered: one id twice, one receive time moved; every id is stored already",
    ),
    Held(
        f"{_PROCESSOR}positive_binance_trade_stream_usd_m_futures_trxusdt_04-03-2025.csv", "csv",
        "binanceusdm", "TRXUSDT", {"trades": 10_000}, refused={"non_positive_price": 1},
        options={"exchange": "binanceusdm"},
        note="one real print with price 0.0 and quantity 0.0",
    ),
    _ltc("21_06h", 4_311),
    _ltc("21_09h", 8_386),
    _ltc("21_12h", 11_985),
    _ltc("21_15h", 20_061),
    _ltc("21_18h", 8_582),
    _ltc("22_00h", 7_424),
    _ltc("22_03h", 10_717),
    _ltc("22_06h", 26_233),
    _bars("crypto/bybit/minute/btcusdt/20221213_quote", "bybitspot", "BTCUSDT", "quotes", 721),
    _bars("crypto/bybit/minute/btcusdt/20221213_trade", "bybitspot", "BTCUSDT", "candles", 1_440),
    _bars("crypto/coinbase/second/btcusd/20161007_trade", "coinbase", "BTC-USD", "candles", 4_063),
    _bars("crypto/coinbase/minute/btcusd/20171217_quote", "coinbase", "BTC-USD", "quotes", 1_439),
    _bars("crypto/coinbase/minute/btcusd/20171217_trade", "coinbase", "BTC-USD", "candles", 1_440),
    _bars(
        "cryptofuture/binance/minute/adausdt/20221213_quote", "binanceusdm", "ADAUSDT",
        "quotes", 1_100,
    ),
    _bars(
        "cryptofuture/binance/minute/adausdt/20221213_trade", "binanceusdm", "ADAUSDT",
        "candles", 1_440,
    ),
    _session("BINANCE.ws.1.0", "binance", "BLZETH LRCBTC NKNUSDT RUNEEUR", 2, 84, 179),
    _session("BINANCE_US.ws.1.0", "binanceus", "COMPUSDT CRVUSDT OMGBUSD ZRXUSDT", 11, 128, 341),
    _session(
        "BINANCE_FUTURES.ws.1.0", "binanceusdm", "AKROUSDT CTKUSDT KEEPUSDT SUSHIUSDT",
        91, 613, 831,
    ),
    _session(
        "BINANCE_DELIVERY.ws.1.0", "binancecoinm",
        "BCHUSD_210924 BCHUSD_PERP BTCUSD_211231 EOSUSD_PERP ETCUSD_PERP ETHUSD_210924"
        " LINKUSD_211231 LINKUSD_PERP TRXUSD_PERP XRPUSD_PERP",
        51, 2_240, 2_080,
    ),
    _session(
        "BYBIT.ws.25.0", "bybit",
        "ADAUSDT BCHUSDT DOTUSDT ETHUSDT LINKUSDT LTCUSDT UNIUSDT XTZUSDT", 101, 0, 3_260,
    ),
    _session("BYBIT.ws.26.0", "bybit", "BTCUSD EOSUSD", 150, 0, 1_018),
    _session("OKX.ws.1.0", "okx", "BTC-USD-220527 BTC-USDT UNI-USD-SWAP", 74, 28, 290),
    _session(
        "COINBASE.ws.28.0", "coinbase",
        "BAND-BTC BAND-GBP CRV-EUR DASH-BTC NMR-EUR NU-GBP SKL-BTC SKL-GBP SKL-USD YFI-BTC",
        107, 0, 9_836, "the MANIFEST's 107 quotes are tickers without sizes: ignored",
    ),
    _session("KRAKEN.ws.48.0", "kraken", "SC/EUR XMR/USD", 10, 0, 0),
    _session(
        "KRAKEN.ws.49.0", "kraken",
        "ADA/XBT ETH/CHF GRT/ETH KSM/XBT OCEAN/XBT OMG/USD SC/EUR WAVES/EUR XBT/CHF XMR/USD",
        0, 18, 0,
    ),
    _session(
        "KRAKEN.ws.50.0", "kraken",
        "ADA/XBT ETH/CHF GRT/ETH KSM/XBT OCEAN/XBT OMG/USD SC/EUR WAVES/EUR XBT/CHF XMR/USD",
        0, 0, 4_279,
    ),
    Held(
        "fills/gct_binance_BTCUSDT_24h-trades_2020_11_16.csv", "csv",
        "binance", "BTCUSDT", {"trades": 1_000},
        options={
            "exchange": "binance", "symbol": "BTCUSDT", "format": "csv",
            "mapping": "timestamp=#1:s, price=#2, volume=#3, side=#4",
        },
        note="no ids, whole seconds: 854 share a time with another, all are kept",
    ),
    Held(
        "bbgo/bybit_FXSUSDT-ticks-2023-10-10.csv", "csv", "bybit", "FXSUSDT", {"trades": 15},
        options={"exchange": "bybit"},
    ),
    Held(
        "bbgo/okx_BTC-USDT-aggtrades-2023-11-18.csv", "okx", "okx", "BTC-USDT", {"trades": 15},
        note="the second half of every column name is no text in any encoding",
    ),
)  # fmt: skip

_LIST: Final = "a list of instruments"
_ANSWERS: Final = "REST answers"
_DEPTH: Final = "depth, a row a level"
_MERGED: Final = (
    "merged_depth_snapshot_difference_depth_stream_trade_stream_usd_m_futures_trxusdt"
    "_14-04-2025_positive"
)

UNSUPPORTED: Final = (
    Unsupported("hftbacktest/hyperliquid/btcusd_20250126.gz", "messages of Hyperliquid"),
    Unsupported("freqtrade/backtest-result.json", "the result of a backtest"),
    Unsupported(
        "bitstamp_l3_ob-analytics/bitstamp_btcusd_orders_2015-05-01.csv.xz", "single orders (L3)"
    ),
    Unsupported(
        "bitstamp_l3_ob-analytics/bitstamp_btcusd_raw_2015-05-01.log.xz", "messages of Bitstamp"
    ),
    *(
        Unsupported(f"binance_data_processor/{name}.csv", holds)
        for name, holds in (
            ("test_positive_binance_difference_depth_stream_spot_trxusdt_04-03-2025", _DEPTH),
            ("test_negative_binance_difference_depth_stream_spot_trxusdt_04-03-2025", _DEPTH),
            ("test_positive_binance_difference_depth_stream_usd_m_futures_trxusdt_04-03-2025",
             _DEPTH),
            ("test_positive_binance_depth_snapshot_spot_btcusdt_14-04-2025", _DEPTH),
            (_MERGED, "depth and trades in one table"),
        )
    ),
    *(
        Unsupported(f"cryptofeed/{name}.0", _LIST, _LIST)
        for name in ("BINANCE", "BINANCE_DELIVERY", "BINANCE_FUTURES", "BYBIT", "COINBASE",
                     "KRAKEN")
    ),
    *(
        Unsupported(f"cryptofeed/{name}.http.0.0", _ANSWERS, _ANSWERS)
        for name in ("BINANCE", "BINANCE_DELIVERY", "BINANCE_FUTURES", "BINANCE_US", "BITSTAMP")
    ),
    *(
        Unsupported(f"cryptofeed/{name}.ws.1.0", f"a session of {venue}", f"session of {venue}")
        for name, venue in (
            ("HUOBI_SWAP", "Huobi derivatives"), ("DERIBIT", "Deribit"),
            ("BITSTAMP", "Bitstamp"), ("KRAKEN_FUTURES", "Kraken Futures"),
        )
    ),
    Unsupported("fills/bbgo_binance_btcusdt_account_fills_2019-2020.json", "fills of an account"),
    *(
        Unsupported(f"returns_pyfolio/test_{name}.csv.gz", f"{holds} of stocks")
        for name, holds in (
            ("returns", "daily returns"), ("txn", "transactions"), ("pos", "positions"),
        )
    ),
    Unsupported("bbgo/bitfinex_ws_raw.jsonl", "messages of Bitfinex, without receive times"),
    Unsupported(
        "barter/binance_spot_market_data_with_disconnect_events.json",
        "events whose instruments are numbers",
    ),
)  # fmt: skip


def expected() -> list[str]:
    """The names of all files, in the folder of the data."""
    return [*(held.file for held in HELD), *(one.file for one in UNSUPPORTED)]
