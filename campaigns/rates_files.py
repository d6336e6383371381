"""The largest file of each format, and the shortest code that reads it."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from zipfile import ZipFile

import msgspec
import polars as pl

from bench.files import plain_parse

_LTC: Final = "orderflow_ltcusdt_trades/LTCUSDT_2025-06-22_06h_trades.csv"
_OKX: Final = "bbgo/okx_BTC-USDT-aggtrades-2023-11-18.csv"
_XRP: Final = "freqtrade/XRP_ETH-trades.feather"


@dataclass(frozen=True, slots=True)
class Subject:
    """One file to measure: `file` finds it in the data or makes it in a folder from what is there.

    `plain` reads it in the shortest way, said in `how`, and returns its rows.
    """

    label: str
    format: str
    shown: str
    plain: Callable[[Path], int]
    how: str
    options: Mapping[str, str] = field(default_factory=dict)
    made: Callable[[Path, Path], Path] | None = None

    def file(self, data: Path, folder: Path) -> Path:
        """The file, made first where the data has none."""
        return data / self.shown if self.made is None else self.made(data, folder)


def _lines(path: Path) -> int:
    return plain_parse([path])[0]


def _messages(path: Path) -> int:
    decode = msgspec.json.Decoder().decode
    count = 0
    with path.open("rb") as file:
        for line in file:
            if line[:1].isdigit():
                decode(line.partition(b": ")[2])
                count += 1
    return count


def _csv(path: Path) -> int:
    return pl.read_csv(path, comment_prefix="#", encoding="utf8-lossy").height


def _bare_csv(path: Path) -> int:
    return pl.read_csv(path, has_header=False).height


def _zip(path: Path) -> int:
    with ZipFile(path) as archive:
        return pl.read_csv(archive.read(archive.namelist()[0]), has_header=False).height


def _json_gz(path: Path) -> int:
    return len(json.loads(gzip.decompress(path.read_bytes())))


def _json(path: Path) -> int:
    return len(json.loads(path.read_bytes())["result"]["XBTUSDT"])


def _jsonl(path: Path) -> int:
    with path.open("rb") as file:
        return sum(1 for line in file if json.loads(line))


def _parquet(path: Path) -> int:
    return pl.read_parquet(path).height


def _feather(path: Path) -> int:
    return pl.read_ipc(path).height


def _kraken_file(data: Path, folder: Path) -> Path:
    """Trades as Kraken's time and sales."""
    path = folder / "kraken" / "LTCUSDT.csv"
    path.parent.mkdir()
    rows = pl.read_csv(data / _LTC, infer_schema=False)
    seconds = (pl.col("timestamp").cast(pl.Int64) // 1000).cast(pl.String)
    rows.select(seconds, "price", "quantity").write_csv(path, include_header=False)
    return path


def _okx_file(data: Path, folder: Path) -> Path:
    """The few trades of OKX many times over, each with an id of its own."""
    header, *rows = (data / _OKX).read_bytes().splitlines()
    path = folder / Path(_OKX).name
    cells = [row.partition(b",")[2] for row in rows]
    made = [b"%d,%s" % (number, cells[number % len(cells)]) for number in range(30_000)]
    path.write_bytes(b"\n".join([header, *made]) + b"\n")
    return path


def _jsonl_file(data: Path, folder: Path) -> Path:
    """Trades, an object a line."""
    path = folder / "trades.jsonl"
    pl.read_ipc(data / _XRP).write_ndjson(path)
    return path


_POLARS: Final = "polars.read_csv"
_USD_M: Final = {"exchange": "binanceusdm"}
_BINANCE: Final = {"exchange": "binance"}
_DOGE: Final = "freqtrade_userdata_binance/DOGE_USDT_USDT-5m-futures.feather"
_MAP: Final = "timestamp=#3, price=#1, volume=#2, side=#4, sequence=#7"

SUBJECTS: Final = (
    Subject(
        "binance-collector", "binance-collector", "hftbacktest/usdm/btcusdt_20240808.gz",
        _lines, "isal gzip, msgspec.json a line",
    ),
    Subject(
        "cryptofeed", "cryptofeed", "cryptofeed/BYBIT.ws.25.0", _messages, "msgspec.json a line"
    ),
    Subject(
        "lean", "lean", "lean/crypto/coinbase/second/btcusd/20161007_trade.zip", _zip,
        f"zipfile, {_POLARS}",
    ),
    Subject(
        "binance-vision", "binance-vision", "binance-vision-klines/ADABTC-1m-2021-11-27.csv",
        _bare_csv, _POLARS, _BINANCE,
    ),
    Subject(
        "tardis", "tardis", "tardis/binance-futures_trades_2020-02-22_BTCUSDT.csv", _csv, _POLARS
    ),
    Subject("okx", "okx", f"30,000 rows made from {_OKX}", _csv, _POLARS, {}, _okx_file),
    Subject(
        "kraken", "kraken", f"made from {_LTC}", _bare_csv, _POLARS, {}, _kraken_file
    ),
    Subject(
        "nautilus", "nautilus", "nautilus_trader/catalog_128bit_quotes.parquet", _parquet,
        "polars.read_parquet",
    ),
    Subject("freqtrade", "freqtrade", _DOGE, _feather, "polars.read_ipc", _USD_M),
    Subject(
        "freqtrade, JSON", "freqtrade", "freqtrade/XRP_OLD-trades.json.gz", _json_gz,
        "gzip, json.loads", _BINANCE,
    ),
    Subject(
        "csv", "csv", "nautilus_trader/ftx_btc-perp-20211231-20220201_1m.csv", _csv, _POLARS,
        {"exchange": "ftx", "symbol": "BTC-PERP"},
    ),
    Subject(
        "parquet", "parquet", "freqtrade/XRP_ETH-trades.parquet", _parquet, "polars.read_parquet",
        {"exchange": "binance", "symbol": "XRPETH"},
    ),
    Subject(
        "feather", "feather", _DOGE, _feather, "polars.read_ipc",
        {"exchange": "binanceusdm", "symbol": "DOGEUSDT"},
    ),
    Subject(
        "json", "json", "nautilus_trader/kraken_http_trades_XBTUSDT.json", _json, "json.loads",
        {"exchange": "kraken", "symbol": "XBT/USDT", "mapping": _MAP},
    ),
    Subject(
        "jsonl", "jsonl", f"made from {_XRP}", _jsonl, "json.loads a line",
        {"exchange": "binance", "symbol": "XRPETH"}, _jsonl_file,
    ),
)  # fmt: skip
