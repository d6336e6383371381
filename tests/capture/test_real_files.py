"""Recorded files from Binance, stored whole, against the counts published with them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cryptoscalp import AsyncDatabase
from tests.capture import brute
from tests.postgres import Place

_SHARED = Path(
    os.environ.get("CRYPTOSCALP_SHARED", Path(__file__).resolve().parents[2].parent / "shared")
)
RECORDED = _SHARED / "data" / "hftbacktest"
# file: exchange, symbol, trades, quotes
MANIFEST = {
    "usdm/btcusdt_20240808.gz": ("binanceusdm", "BTCUSDT", 21_313, 66_089),
    "usdm/ethusdt_20240808.gz": ("binanceusdm", "ETHUSDT", 14_076, 53_992),
    "usdm/ethusdt_20240718.gz": ("binanceusdm", "ETHUSDT", 1_640, 9_089),
    "usdm/ethusdt_20240719.gz": ("binanceusdm", "ETHUSDT", 12_015, 38_239),
    "spot/btcusdt_20240808.gz": ("binance", "BTCUSDT", 9_757, 28_040),
    "spot/btcusdt_20240809.gz": ("binance", "BTCUSDT", 10_147, 45_134),
    "spot/ethusdt_20240808.gz": ("binance", "ETHUSDT", 6_106, 24_077),
    "spot/ethusdt_20240809.gz": ("binance", "ETHUSDT", 8_409, 34_681),
    "cm/btcusd_perp_20240808.gz": ("binancecoinm", "BTCUSD_PERP", 2_286, 19_136),
    "cm/btcusd_perp_20240809.gz": ("binancecoinm", "BTCUSD_PERP", 2_949, 29_219),
}
pytestmark = pytest.mark.skipif(
    not RECORDED.is_dir(), reason=f"no recorded market data at {RECORDED} (CRYPTOSCALP_SHARED)"
)


@pytest.mark.long
async def test_every_file_is_stored_once(db: AsyncDatabase, database: Place, mode: str) -> None:
    # One driver takes all of them, the other one of each market.
    names = list(MANIFEST) if mode == "sync" else list(MANIFEST)[::4]
    chosen = [MANIFEST[name] for name in names]
    files = [RECORDED / name for name in names]
    report = await db.capture.import_files(files)
    for one, (exchange, symbol, trades, quotes) in zip(report.files, chosen, strict=True):
        stored = {stream: count.stored for stream, count in one.account.streams.items()}
        assert {key: number for key, number in stored.items() if number} == {
            (exchange, symbol, "trade"): trades,
            (exchange, symbol, "ticker"): quotes,
        }
        total = one.account.total
        assert (total.duplicate, total.quarantined) == (0, 0)
    for ticks, place in (("market_data", 2), ("order_book_l1", 3)):
        counted = brute.fetch(
            database.dsn,
            f"SELECT exchange, symbol, count(*) FROM {ticks} GROUP BY 1, 2",  # noqa: S608
        )
        expected: dict[tuple[str, str], int] = {}
        for row in chosen:
            expected[row[:2]] = expected.get(row[:2], 0) + int(row[place])
        assert {(exchange, symbol): number for exchange, symbol, number in counted} == expected
    brute.check_derived(database.dsn)
    brute.check_ledger(database.dsn)
    again = (await db.capture.import_files(files)).account.total
    assert (again.stored, again.duplicate) == (0, sum(row[2] + row[3] for row in chosen))
