"""Cold read: one instrument's day out of the lake, beside DuckDB on the same files and ArcticDB."""

from __future__ import annotations

import importlib
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bench.figures import Bar, Figure, Section
from bench.place import Place
from cryptoscalp.infra.cold.lake import Lake
from cryptoscalp.infra.cold.types import DECIMAL, TIME, Part
from cryptoscalp.market.kept import MARKET_DATA

NAME: Final = "cold"
_DAY: Final = date(2024, 8, 8)
_DAYS: Final = 365
_COLUMNS: Final = ("timestamp", "received_at", "sequence", "price", "volume", "side")
_FLOATS: Final = ("price", "volume")
_EXACT: Final = Bar("figure", "≥", 8e6)
_FLOAT: Final = (Bar("figure", "≥", 3e6), Bar("ratio", "≥", 1.5))
_FLAT: Final = Bar("ratio", "≤", 1.2)


def measure(place: Place, quick: bool) -> Section:
    """Read a day as exact decimals and as float64, alone in the lake and among a year of days."""
    rows, repeats, days = (20_000, 2, 3) if quick else (2_000_000, 7, _DAYS)
    figures: list[Figure] = []
    # Only the benchmark's own process reads the files, so the directory may stay closed.
    with (
        tempfile.TemporaryDirectory(prefix="cryptoscalp-bench-cold-") as folder,
        closing(Lake(place.dsn, folder)) as lake,
    ):
        held = _trades(rows, _DAY)
        began = time.perf_counter()
        lake.write(MARKET_DATA, _DAY, [(_part(_DAY), [held])])
        written = rows / (time.perf_counter() - began)
        began = time.perf_counter()
        lake.contents(MARKET_DATA, _DAY)
        hashed = rows / (time.perf_counter() - began)
        paths = [str(path) for path in Path(folder).rglob("*.parquet")]
        with duckdb.connect() as engine:
            engine.execute("SET TimeZone = 'UTC'")
            for name, floats, bars in (
                ("exact decimals", (), (_EXACT,)),
                ("float64", _FLOATS, _FLOAT),
            ):
                query = _query(paths, floats)

                def ours(floats: Sequence[str] = floats) -> pa.Table:
                    return _read(lake, floats)

                def peer(query: str = query) -> pa.Table:
                    return engine.sql(query).to_arrow_table()

                mine, theirs = _in_turn([ours, peer], rows, repeats)
                label = f"{name}, {rows:,} rows"
                figures.append(Figure(label, rows / mine, "rows/s", rows / theirs, bars))
        arctic = _arctic(held, rows, repeats, folder)
        figures.extend(_year(lake, place, folder, rows, repeats, days))
    return Section(
        NAME,
        "Lake.read, two threads or as many as there are cores",
        "DuckDB, the same files, columns and filter, without ORDER BY (its files are sorted), in"
        f" turn; the median of {repeats} reads each, after one that is not counted",
        {
            **place.settings(),
            "warehouse": "a local directory, in the page cache",
            "ArcticDB": _arctic_version(),
            "ArcticDB, float64 to pandas": arctic,
            "written": f"{written:,.0f} rows/s",
            "read back and hashed": f"{hashed:,.0f} rows/s",
        },
        figures,
    )


def _year(
    lake: Lake, place: Place, folder: str, rows: int, repeats: int, days: int
) -> list[Figure]:
    """The same day when a year of days lies beside it."""
    alone = _first_read(place, folder)
    (before,) = _in_turn([lambda: _read(lake, ())], rows, repeats)
    for number in range(1, days):
        day = _DAY - timedelta(days=number)
        lake.write(MARKET_DATA, day, [(_part(day), [_trades(1_000, day)])])
    (after,) = _in_turn([lambda: _read(lake, ())], rows, repeats)
    among = _first_read(place, folder)
    note = "the peer is the same read with one day in the lake"
    first = f"one day of {days}, first read of a process, p50"
    return [
        Figure(f"one day of {days}, p50", after * 1e3, "ms", before * 1e3, (_FLAT,), note),
        Figure(first, among * 1e3, "ms", alone * 1e3, (), note),
    ]


def _first_read(place: Place, folder: str) -> float:
    """Seconds of a read by a lake that has not read before, the median of three."""
    taken = []
    for _ in range(3):
        with closing(Lake(place.dsn, folder)) as lake:
            began = time.perf_counter()
            _read(lake, ())
            taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def _arctic(held: pa.Table, rows: int, repeats: int, folder: str) -> str:
    """The rate of ArcticDB on the same rows; it has no decimals."""
    try:
        arcticdb: Any = importlib.import_module("arcticdb")
    except ImportError:
        return "not installed"
    frame = held.select(_COLUMNS).to_pandas()
    for name in _FLOATS:
        frame[name] = frame[name].astype(float)
    frame = frame.set_index("timestamp")
    library = arcticdb.Arctic(f"lmdb://{folder}/arctic").get_library(
        "bench", create_if_missing=True
    )
    library.write("BTCUSDT", frame)
    (taken,) = _in_turn([lambda: library.read("BTCUSDT").data], rows, repeats)
    return f"{rows / taken:,.0f} rows/s"


def _arctic_version() -> str:
    try:
        return version("arcticdb")
    except PackageNotFoundError:
        return "not installed"


def _read(lake: Lake, floats: Sequence[str]) -> pa.Table:
    start = datetime(_DAY.year, _DAY.month, _DAY.day, tzinfo=UTC)
    return lake.read(
        MARKET_DATA, "binance", "BTCUSDT", start, start + timedelta(days=1),
        columns=_COLUMNS, where={"feed": "trade"}, floats=floats,
    )  # fmt: skip


def _query(paths: Sequence[str], floats: Sequence[str]) -> str:
    columns = ", ".join(f"{n}::DOUBLE AS {n}" if n in floats else n for n in _COLUMNS)
    return (
        f"SELECT {columns} FROM read_parquet({list(paths)!r})"  # noqa: S608 - our own names
        " WHERE symbol = 'BTCUSDT' AND exchange = 'binance' AND feed = 'trade'"
    )


def _in_turn(reads: Sequence[Callable[[], Any]], rows: int, repeats: int) -> tuple[float, ...]:
    """Median seconds of each."""
    taken: list[list[float]] = [[] for _ in reads]
    for _ in range(repeats + 1):
        for read, seconds in zip(reads, taken, strict=True):
            began = time.perf_counter()
            found = read()
            seconds.append(time.perf_counter() - began)
            if len(found) != rows:
                raise AssertionError(f"{len(found):,} rows were read, not {rows:,}")
    return tuple(statistics.median(seconds[1:]) for seconds in taken)


def _part(day: date) -> Part:
    return Part("market_data", day, "binance", "BTCUSDT")


def _trades(rows: int, day: date) -> pa.Table:
    """A day of trades: a price that walks in cents, sizes over five decades."""
    random = np.random.default_rng(1)
    start = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1_000_000
    moments = np.sort(random.integers(0, 86_400_000_000, rows)) + start
    cents = 6_000_000 + np.cumsum(random.integers(-3, 4, rows))
    sizes = (random.lognormal(0, 2, rows) * 1_000).astype(np.int64) + 1
    columns = {
        "timestamp": pa.array(moments).cast(TIME),
        "symbol": pa.repeat("BTCUSDT", rows),
        "exchange": pa.repeat("binance", rows),
        "price": _decimals(cents, Decimal("0.01")),
        "volume": _decimals(sizes, Decimal("0.00001")),
        "side": pa.array(np.where(random.random(rows) < 0.5, "BUY", "SELL")),
        "feed": pa.repeat("trade", rows),
        "sequence": pa.array(np.arange(rows)),
        "received_at": pa.array(moments + random.integers(1_000, 50_000, rows)).cast(TIME),
    }
    return pa.table(
        [columns.get(f.name, pa.nulls(rows, f.type)) for f in MARKET_DATA.schema],
        schema=MARKET_DATA.schema,
    )


def _decimals(numbers: Any, unit: Decimal) -> pa.Array:
    return pc.multiply(pa.array(numbers).cast(pa.decimal128(19, 0)), pa.scalar(unit)).cast(DECIMAL)
