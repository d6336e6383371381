"""Digit for digit: what a file says is what comes back, and what is rounded is counted."""

from __future__ import annotations

import gzip
import json
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from cryptoscalp import AsyncDatabase
from tests.capture import brute
from tests.faces import NOON, at
from tests.postgres import Place

_NOON_MS = int(NOON.timestamp()) * 1_000
_TEXTS = (
    "4.04e-06", "0.000000000000000001", "12345678901234567890.123456789012345678", "0.1",
    "1E+3", "100.500000000000000000", "00012.5", "+7", "16400000000.00000001", "5e-18",
)  # fmt: skip
_SIZES = ("12000000000.000000000000000001", "99999999999999999999", "0.000000000000000001")


def columns(prices: object, sizes: object) -> dict[str, object]:
    count = len(prices)  # type: ignore[arg-type]
    times = [_NOON_MS + n for n in range(count)]
    return {"timestamp": times, "price": prices, "size": sizes, "id": range(1, count + 1)}


async def exact(db: AsyncDatabase) -> list[tuple[Decimal, Decimal]]:
    """The prices and sizes that come back, in order."""
    found = await db.market.trades("XBTUSD", NOON, at(10_000_000), exact=True)
    prices, sizes = found["price"].to_pylist(), found["volume"].to_pylist()
    return [(Decimal(price), Decimal(size)) for price, size in zip(prices, sizes, strict=True)]


def write(kind: str, folder: Path, prices: list[str], sizes: list[str]) -> Path:
    """The trades as a file of a kind; numbers as text, or as JSON numbers."""
    frame = pl.DataFrame(columns(prices, sizes))
    path = folder / f"trades.{kind}"
    match kind:
        case "csv":
            frame.write_csv(path)
        case "feather":
            frame.write_ipc(path)
        case "parquet":
            frame.write_parquet(path)
        case _:
            rows = [
                json.dumps({**row, "price": "PRICE", "size": "SIZE"})
                .replace('"PRICE"', row["price"])
                .replace('"SIZE"', row["size"])
                for row in frame.iter_rows(named=True)
            ]
            text = "\n".join(rows) if kind == "jsonl" else f"[{','.join(rows)}]"
            path.write_bytes(gzip.compress(text.encode()) if kind.endswith("gz") else text.encode())
    return path


@pytest.mark.parametrize("kind", ["csv", "feather", "parquet", "jsonl", "json.gz"])
async def test_text_keeps_every_digit(
    db: AsyncDatabase, database: Place, tmp_path: Path, kind: str
) -> None:
    # JSON knows neither a plus before a number nor a zero.
    texts = [one for one in _TEXTS if "json" not in kind or (one[0] not in "+" and one[:2] != "00")]
    prices = [price for price in texts for _ in _SIZES]
    sizes = [size for _ in texts for size in _SIZES]
    path = write(kind, tmp_path, prices, sizes)
    report = await db.capture.import_files([path], exchange="kraken", symbol="XBTUSD")
    assert (report.account.total.stored, report.account.rounded) == (len(prices), 0)
    wanted = [(Decimal(price), Decimal(size)) for price, size in zip(prices, sizes, strict=True)]
    assert await exact(db) == wanted
    brute.check_derived(database.dsn)


@pytest.mark.parametrize("kind", ["feather", "parquet"])
async def test_floats_are_their_shortest_text_and_noise_is_counted(
    db: AsyncDatabase, database: Place, tmp_path: Path, kind: str
) -> None:
    prices = [4.04e-06, 0.1 + 0.2, 1.234567890123e-09, 1e-18, 123456.789, 16_400_000_000.25]
    sizes = [12_000_000_000.0, 9.9e-18, 1.5e-18, 2.5e-18, 1.0, 1e19]
    path = tmp_path / f"floats.{kind}"
    frame = pl.DataFrame(columns(prices, sizes))
    frame.write_ipc(path) if kind == "feather" else frame.write_parquet(path)
    report = await db.capture.import_files([path], exchange="kraken", symbol="XBTUSD")
    assert report.account.total.stored == len(prices)
    # 1.234567890123e-09 has 21 decimals, the small sizes 19: rounded half to even at the 18th.
    assert report.account.rounded == report.files[0].account.rounded == 4
    found = await exact(db)
    assert [str(price.normalize()) for price, _ in found][:3] == [
        "0.00000404", "0.30000000000000004", "1.234567890E-9".replace("0E", "E"),
    ]  # fmt: skip
    assert [size for _, size in found] == [
        Decimal(one) for one in ("12000000000", "1e-17", "2e-18", "2e-18", "1", "1e19")
    ]
    assert (await db.market.batches())[0].rounded == 4
    checked = await db.capture.import_files([path], exchange="kraken", symbol="XBTUSD", check=True)
    assert checked.account.rounded == 4
    brute.check_derived(database.dsn)
