"""Published files as oracles: candles made here equal them, and what is stored reads back exact.

The published side is read by nothing of this project: Polars or the csv module, and Decimal.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal
from pathlib import Path
from typing import Any, Final, TypeAlias

import polars as pl
import psycopg

from cryptoscalp import Database
from cryptoscalp.market.types import Interval

_USERDATA: Final = "freqtrade_userdata_binance"
_LTC: Final = "orderflow_ltcusdt_trades"
_FTX: Final = "nautilus_trader/ftx_btc-perp-20211231-20220201_1m.csv"
_PRICES: Final = ("open", "high", "low", "close", "volume")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_DIGIT: Final = Decimal("1e-18")
_WIDE: Final = Context(prec=60, rounding=ROUND_HALF_EVEN)

Row: TypeAlias = tuple[datetime, tuple[Decimal, ...]]


@dataclass(frozen=True, slots=True)
class Opened:
    """A database that holds an oracle's files alone, and the folder of the published ones."""

    db: Database
    dsn: str
    data: Path


Rows: TypeAlias = Callable[[Opened], list[Row]]


@dataclass(frozen=True, slots=True)
class Oracle:
    """Rows that were published and rows that are found have to be the same, all of them."""

    name: str
    files: tuple[str, ...]
    options: Mapping[str, str]
    published: Rows
    found: Rows


def compare(oracle: Oracle, opened: Opened) -> dict[str, Any]:
    """Import the oracle's files; count the published rows, and those found equal in all values.

    `extra` are found rows beyond the published ones.
    """
    files = [opened.data / name for name in oracle.files]
    options: dict[str, Any] = dict(oracle.options)
    opened.db.capture.import_files(files, **options)
    published, found = oracle.published(opened), oracle.found(opened)
    held = Counter(found)
    equal = sum((Counter(published) & held).values())
    return {
        "oracle": oracle.name,
        "published": len(published),
        "equal": equal,
        "extra": len(found) - equal,
        "passed": equal == len(published) == len(found) and published == found,
    }


def _feather(file: str) -> Rows:
    def read(opened: Opened) -> list[Row]:
        frame = pl.read_ipc(opened.data / file).select("date", *_PRICES)
        return [
            (start, tuple(_of_float(value) for value in values))
            for start, *values in frame.iter_rows()
        ]

    return read


def _covered(file: str, minutes: str, interval: timedelta) -> Rows:
    """The candles of `file` that the candles of `minutes` cover whole."""

    def read(opened: Opened) -> list[Row]:
        starts = pl.read_ipc(opened.data / minutes)["date"]
        last = starts[-1] + timedelta(minutes=1) - interval
        return [row for row in _feather(file)(opened) if starts[0] <= row[0] <= last]

    return read


def _of_float(value: float) -> Decimal:
    """What a float is stored as: its shortest text, rounded at the 18th decimal."""
    return Decimal(repr(value)).quantize(_LAST_DIGIT, context=_WIDE)


def _ftx(opened: Opened) -> list[Row]:
    with (opened.data / _FTX).open(newline="", encoding="utf-8") as file:
        return [
            (
                datetime.fromisoformat(row["timestamp"]).replace(tzinfo=UTC),
                tuple(Decimal(row[name]) for name in _PRICES),
            )
            for row in csv.DictReader(file)
        ]


def _ltc_trades(opened: Opened) -> list[Row]:
    rows: list[Row] = []
    for path in sorted((opened.data / _LTC).glob("*.csv")):
        with path.open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                at = _EPOCH + timedelta(milliseconds=int(row["timestamp"]))
                values = (Decimal(row["tradeId"]), Decimal(row["price"]), Decimal(row["quantity"]))
                rows.append((at, values))
    return rows


def _candles(symbol: str, interval: Interval) -> Rows:
    """The candles as read; of imported ones put together those of which no part is missing."""

    def read(opened: Opened) -> list[Row]:
        frame = pl.DataFrame(opened.db.market.candles(symbol, interval, exact=True))
        whole = frame.filter(pl.col("complete") | (pl.col("source") == "computed"))
        return _rows(whole.select("timestamp", *_PRICES).iter_rows())

    return read


def _minutes(source: str) -> Rows:
    """The stored 1-minute candles of one source."""

    def read(opened: Opened) -> list[Row]:
        with psycopg.connect(opened.dsn, options="-c timezone=UTC") as connection:
            found = connection.execute(
                "SELECT timestamp, open, high, low, close, volume FROM candles"
                " WHERE interval = '1m' AND source = %s::candle_source ORDER BY timestamp",
                (source,),
            )
            return _rows(found)

    return read


def _trades(symbol: str) -> Rows:
    def read(opened: Opened) -> list[Row]:
        start, end = datetime(2025, 6, 1, tzinfo=UTC), datetime(2025, 7, 1, tzinfo=UTC)
        frame = pl.DataFrame(opened.db.market.trades(symbol, start, end, exact=True))
        return _rows(frame.select("timestamp", "sequence", "price", "volume").iter_rows())

    return read


def _rows(found: Iterable[tuple[Any, ...]]) -> list[Row]:
    return [(at, tuple(map(Decimal, values))) for at, *values in found]


_BINANCE: Final = {"exchange": "binance"}
_USD_M: Final = {"exchange": "binanceusdm"}
_XRP: Final = "freqtrade/XRP_ETH"
_DOGE: Final = f"{_USERDATA}/DOGE_USDT_USDT"
_SHIB: Final = f"{_USERDATA}/1000SHIB_USDT_USDT"
ORACLES: Final = (
    *(
        Oracle(
            f"trades of {name} → 1m", (f"freqtrade/{name}",),
            _BINANCE, _feather(f"{_XRP}-1m.feather"), _candles("XRPETH", "1m"),
        )
        for name in (
            "XRP_ETH-trades.feather", "XRP_ETH-trades.parquet", "XRP_ETH-trades.json.gz",
            "XRP_OLD-trades.json.gz",
        )
    ),
    Oracle(
        "XRP/ETH 1m computed beside imported", (f"{_XRP}-trades.feather", f"{_XRP}-1m.feather"),
        _BINANCE, _minutes("imported"), _minutes("computed"),
    ),
    Oracle(
        "DOGE/USDT 1m → 5m", (f"{_DOGE}-1m-futures.feather",), _USD_M,
        _covered(f"{_DOGE}-5m-futures.feather", f"{_DOGE}-1m-futures.feather",
                 timedelta(minutes=5)),
        _candles("DOGEUSDT", "5m"),
    ),
    Oracle(
        "1000SHIB/USDT 1m → 4h", (f"{_SHIB}-1m-futures.feather",), _USD_M,
        _covered(f"{_SHIB}-4h-futures.feather", f"{_SHIB}-1m-futures.feather",
                 timedelta(hours=4)),
        _candles("1000SHIBUSDT", "4h"),
    ),
    Oracle(
        "1000SHIB/USDT 4h reads back (volumes above 10^10)", (f"{_SHIB}-4h-futures.feather",),
        _USD_M, _feather(f"{_SHIB}-4h-futures.feather"), _candles("1000SHIBUSDT", "4h"),
    ),
    Oracle(
        "TRX/BTC 5m reads back (floats such as 6.401e-05, with noise)",
        ("freqtrade/TRX_BTC-5m.feather",),
        _BINANCE, _feather("freqtrade/TRX_BTC-5m.feather"), _candles("TRXBTC", "5m"),
    ),
    Oracle(
        "BTC-PERP 1m reads back (text of 11 decimals)", (_FTX,),
        {"exchange": "ftx", "symbol": "BTC-PERP"}, _ftx, _candles("BTC-PERP", "1m"),
    ),
    Oracle(
        "LTC/USDT trades read back (eight files)", (_LTC,),
        {"exchange": "binance", "symbol": "LTCUSDT"}, _ltc_trades, _trades("LTCUSDT"),
    ),
)  # fmt: skip
