"""What fuzzing found once: each file is read, refused row by row, or refused with words."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

import polars as pl
import pyarrow as pa
import pytest
from pyarrow import feather

from campaigns.fuzz_check import check
from cryptoscalp.capture.files.items import expand
from cryptoscalp.capture.formats import columnar, lean
from cryptoscalp.capture.formats.reading import Options
from cryptoscalp.infra.db.errors import InputError
from tests.capture.formats.reading_files import Whole, read

LTC = Options(exchange="binance", symbol="LTCUSDT")
PARQUET, FEATHER, _, _ = columnar.FORMATS
TRADES = pl.DataFrame(
    {
        "timestamp": [1_570_752_011_620, 1_570_752_011_621],
        "price": [4.04e-06, 0.5],
        "size": [1e10, 0.1],
        "side": ["sell", "buy"],
    }
)


def stored(folder: Path, name: str, frame: pl.DataFrame) -> Path:
    path = folder / name
    frame.write_ipc(path) if path.suffix == ".feather" else frame.write_parquet(path)
    check(path, path.suffix[1:], LTC)
    return path


def trades(path: Path) -> Whole:
    return read(FEATHER if path.suffix == ".feather" else PARQUET, path, LTC)


@pytest.mark.parametrize("name", ["trades.feather", "trades.parquet"])
def test_words_that_are_stored_as_categories_are_words(tmp_path: Path, name: str) -> None:
    """Polars writes them as numbered string views, which Arrow cannot cast."""
    sides = pl.Series("side", ["sell", None], dtype=pl.Categorical)
    path = stored(tmp_path, name, TRADES.with_columns(sides))
    assert trades(path).trades["side"].to_list() == ["SELL", None]


@pytest.mark.parametrize(
    ("column", "make"),
    [
        ("timestamp", lambda: pl.Series([1, 2], dtype=pl.Duration("ms"))),
        ("timestamp", lambda: pl.Series([None, None], dtype=pl.Duration("ms"))),
        ("timestamp", lambda: pl.Series([[1], [2]])),
        ("price", lambda: pl.Series([{"a": 1}, {"a": 2}])),
        ("price", lambda: pl.Series([1, 2], dtype=pl.Date)),
        ("size", lambda: pl.Series([1, 2**62], dtype=pl.Datetime("ns", "UTC"))),
        ("side", lambda: pl.Series([1, 2**62], dtype=pl.Datetime("ms"))),
    ],
)
def test_a_column_that_cannot_be_the_field_is_named(
    tmp_path: Path, column: str, make: Callable[[], pl.Series]
) -> None:
    path = stored(tmp_path, "trades.parquet", TRADES.with_columns(make().alias(column)))
    with pytest.raises(InputError, match=f"cannot be column '{column}', which holds"):
        trades(path)


@pytest.mark.parametrize(
    "dtype", [pl.Date, pl.Datetime("ms"), pl.Datetime("us", "UTC"), pl.Datetime("ns")]
)
@pytest.mark.parametrize("name", ["trades.feather", "trades.parquet"])
def test_a_time_that_is_no_date_is_refused_and_its_neighbour_is_stored(
    tmp_path: Path, dtype: pl.DataType, name: str
) -> None:
    most = 2**31 - 1 if dtype == pl.Date else 2**62
    good = pl.Series([1_570_752_011_620], dtype=pl.Datetime("ms")).cast(dtype)
    bad = pl.Series([most], dtype=pl.Int32 if dtype == pl.Date else pl.Int64).cast(dtype)
    path = stored(tmp_path, name, TRADES.with_columns(pl.concat([good, bad]).alias("timestamp")))
    whole = trades(path)
    kept = whole.trades["timestamp"].to_list()
    assert kept[0] in (1_570_752_011_620_000, 1_570_752_000_000_000)
    # One that 64 bits of microseconds hold is validation's to refuse.
    assert len(kept) + len(whole.rejects) == 2
    assert {reject.reason for reject in whole.rejects} <= {"timestamp_out_of_range"}


def test_seconds_beyond_all_dates_do_not_wrap_around_into_one(tmp_path: Path) -> None:
    wrapping = (1_570_752_011_384 + 2**64) // 1_000
    stamps = pa.array([1_570_752_011, wrapping], pa.timestamp("s"))
    path = tmp_path / "trades.feather"
    table = pa.table({"timestamp": stamps, "price": [1.5, 2.5], "size": [1.0, 2.0]})
    feather.write_feather(table, str(path))
    whole = trades(path)
    assert whole.trades["timestamp"].to_list() == [1_570_752_011_000_000]
    assert [reject.reason for reject in whole.rejects] == ["timestamp_out_of_range"]


def test_an_archive_whose_directory_lies_says_so_once_and_in_one_line(tmp_path: Path) -> None:
    held = io.BytesIO()
    with ZipFile(held, "w") as archive:
        archive.writestr("20221213\n\x1b[31mbtcusdt.csv", "0,1,2,1,2,5\n")
    content = bytearray(held.getvalue())
    at = content.index(b"PK\x01\x02")
    struct.pack_into("<I", content, at + 42, 7)
    path = tmp_path / "crypto" / "bybit" / "minute" / "btcusdt" / "20221213_trade.zip"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    (item,) = expand([path])
    assert str(item).isprintable()
    with pytest.raises(InputError) as caught:
        lean.FORMAT.open(item, Options())
    said = str(caught.value)
    assert said.isprintable()
    assert said.count("is not where the zip archive's directory says") == 1
    assert "cannot be read" not in said
