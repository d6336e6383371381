"""The rule over real candles, through the real importer: crashes are where everybody knows them."""

from __future__ import annotations

import os
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Final

import polars as pl
import pyarrow.feather as feather
import pytest

from cryptoscalp import AsyncDatabase
from cryptoscalp.adaptation.regime_fold import Spell, fold
from cryptoscalp.adaptation.regime_rule import DEFAULT_RULE
from cryptoscalp.adaptation.regime_types import RegimeCandle, RegimeState
from cryptoscalp.market.types import Interval
from tests.adaptation.regime_candles import replayed

_SHARED = Path(
    os.environ.get("CRYPTOSCALP_SHARED", Path(__file__).resolve().parents[2].parent / "shared")
)
DATA: Final = _SHARED / "data"
DOWNLOADED: Final = DATA / "freqtrade_userdata_binance"
pytestmark = pytest.mark.skipif(
    not DOWNLOADED.is_dir(), reason=f"no downloaded candles at {DOWNLOADED} (CRYPTOSCALP_SHARED)"
)
HOUR: Final = timedelta(hours=1)


def candles_of(name: str, step: timedelta) -> list[RegimeCandle]:
    frame = pl.DataFrame(feather.read_table(DOWNLOADED / name, memory_map=False))
    rows = frame.select("date", "high", "close").rows()
    return [RegimeCandle(at, at + step, high, close) for at, high, close in rows]


def spells_of(candles: list[RegimeCandle]) -> list[Spell]:
    return fold(DEFAULT_RULE, RegimeState(), ((one, None) for one in candles)).spells


def shares(spells: list[Spell]) -> dict[str, float]:
    """Share of the time that each label has."""
    spent = Counter[str]()
    for one in spells:
        spent[one.label] += round((one.until - one.since).total_seconds())
    return {label: seconds / spent.total() for label, seconds in spent.items()}


def test_eight_years_of_bitcoin_have_their_crashes() -> None:
    spells = spells_of(candles_of("spot_BTC_USDT-1h.feather", HOUR))
    crises = [one for one in spells if one.label == "CRISIS"]

    def day(*date: int) -> bool:
        first = datetime(*date, tzinfo=UTC)  # type: ignore[arg-type,misc]
        return any(one.since < first + timedelta(days=1) and one.until >= first for one in crises)

    # The pandemic, Terra, FTX, the unwound carry trade; and some days on which nothing happened.
    assert all(day(*date) for date in ((2020, 3, 12), (2022, 5, 12), (2022, 11, 9), (2024, 8, 5)))
    assert not any(day(*date) for date in ((2019, 8, 15), (2021, 8, 1), (2023, 7, 15)))
    found = shares(spells)
    assert 0.001 < found["CRISIS"] < 0.01
    assert 0.03 < found["VOLATILE"] < 0.15
    assert 0.05 < found["TRENDING"] < 0.25
    assert found["RANGING"] > 0.5
    assert all(one.features.drawdown > 0.15 for one in crises)


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "step"),
    [
        ("spot_BTC_USDT-1h.feather", HOUR),
        ("DOGE_USDT_USDT-1m-futures.feather", HOUR / 60),
        ("1000SHIB_USDT_USDT-1m-futures.feather", HOUR / 60),
    ],
)
def test_labels_do_not_flap(name: str, step: timedelta) -> None:
    spells = spells_of(candles_of(name, step))
    lengths = [(one.until - one.since) / step for one in spells]
    short = [length for length in lengths[:-1] if length < DEFAULT_RULE.confirm]
    # Only a crisis cuts a regime off before a new one has held.
    assert len(short) <= sum(one.label == "CRISIS" for one in spells)
    assert median(lengths) >= 3 * DEFAULT_RULE.confirm
    assert len(spells) > 100


@pytest.mark.long
@pytest.mark.parametrize(
    ("path", "exchange", "symbol", "interval"),
    [
        ("freqtrade_userdata_binance/DOGE_USDT_USDT-1m-futures.feather", "binanceusdm",
         "DOGEUSDT", "1m"),
        ("binance-vision-klines/BTCUSDT-1m-2022-05-06.csv", "binance", "BTCUSDT", "5m"),
    ],
)  # fmt: skip
async def test_what_the_job_stores_is_the_rule_reckoned_again(
    db: AsyncDatabase, path: str, exchange: str, symbol: str, interval: Interval
) -> None:
    await db.capture.import_files([DATA / path], exchange=exchange)
    (one,) = await db.market.instruments()
    assert (one.symbol, one.exchange) == (symbol, exchange)
    await db.adaptation.watch_regimes(symbol, exchange, interval)
    (update,) = await db.adaptation.update_regimes()
    step = {"1m": HOUR / 60, "5m": HOUR / 12}[interval]
    rows = (await db.market.candles(symbol, interval, exchange=exchange)).to_pylist()
    assert update.candles == len(rows)
    taken = [
        RegimeCandle(row["timestamp"], row["timestamp"] + step, row["high"], row["close"])
        for row in rows
    ]
    expected = replayed(DEFAULT_RULE, ((candle, None) for candle in taken))
    found = await db.adaptation.regimes(symbol, exchange, interval)
    assert [
        (regime.since, regime.label, regime.confidence, regime.duration_minutes) for regime in found
    ] == expected
    assert expected
