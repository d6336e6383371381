"""The crashes that everybody knows, replayed from real hourly candles through the real importer."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Final

import polars as pl
import pyarrow.feather as feather
import pytest

from cryptoscalp import AsyncDatabase
from cryptoscalp.risk.stress.library import bundled
from cryptoscalp.risk.stress.scenario_types import Proxy
from tests.capture.storing import candle, chunk_of, store
from tests.faces import db, mode
from tests.trading.books import LINEAR, RATES, fill, prepare

__all__ = ["db", "mode"]

_SHARED = Path(
    os.environ.get("CRYPTOSCALP_SHARED", Path(__file__).resolve().parents[2].parent / "shared")
)
HOURLY: Final = _SHARED / "data" / "freqtrade_userdata_binance" / "spot_BTC_USDT-1h.feather"
pytestmark = pytest.mark.skipif(
    not HOURLY.is_file(), reason=f"no downloaded candles at {HOURLY} (CRYPTOSCALP_SHARED)"
)


def window(name: str) -> pl.DataFrame:
    """The candles of a bundled replay, straight from the file."""
    (replay,) = [one.replay for one in bundled() if one.name == name]
    assert replay is not None
    frame = pl.DataFrame(feather.read_table(HOURLY, memory_map=False))
    return frame.filter(pl.col("date").is_between(replay.start, replay.end, closed="left"))


async def imported(db: AsyncDatabase, folder: Path) -> None:
    """The file under the name that freqtrade gives it."""
    named = folder / "BTC_USDT-1h.feather"
    named.symlink_to(HOURLY)
    await db.capture.import_files([named], exchange="binance")


async def test_the_bundled_replays_lose_what_the_file_says(
    db: AsyncDatabase, tmp_path: Path
) -> None:
    await imported(db, tmp_path)
    await prepare(db)
    await db.trading.create_portfolio("main", "USDT")
    await db.trading.deposit("main", "USDT", Decimal(100_000), reference="a",
                             timestamp=datetime(2024, 1, 1, tzinfo=UTC))  # fmt: skip
    await db.trading.record_fill("main", fill(1, "BUY", "1", "50000"))
    names = ["march-2020", "august-2024"]
    ran = await db.risk.run_stress("main", names, rates=RATES)
    for name, found in zip(names, ran.results, strict=True):
        frame = window(name)
        assert frame.height == 48
        first = frame["open"][0]
        lost = 50_000 * (1 - frame["close"][-1] / first)
        worst = 50_000 * (1 - frame["close"].min() / first)
        assert float(found.loss_amount) == pytest.approx(lost, rel=1e-12)
        assert float(found.worst_loss_amount) == pytest.approx(worst, rel=1e-12)
        hour = int(frame["close"].arg_min() or 0) + 1
        assert found.risk_metrics["worst_minute"] == hour * 60
    # The pandemic took a third of BTC and more, the carry trade a seventh.
    assert ran.results[0].worst_loss_amount > 20_000
    assert ran.results[1].worst_loss_amount > 7_000


async def test_a_lever_does_not_survive_march_2020(db: AsyncDatabase, tmp_path: Path) -> None:
    await imported(db, tmp_path)
    await prepare(db)
    await db.trading.create_portfolio("lever", "USDT", leverage=Decimal(5))
    await db.trading.deposit("lever", "USDT", Decimal(10_000), reference="a",
                             timestamp=datetime(2024, 1, 1, tzinfo=UTC))  # fmt: skip
    await db.trading.record_fill("lever", fill(1, "BUY", "1000", "50000", of=LINEAR))
    text = next(one for one in bundled() if one.name == "march-2020")
    assert text.replay is not None
    mapped = replace(
        text, name="march-2020-perp",
        replay=replace(text.replay, proxies=(Proxy("BTCUSDT", "binance", base="BTC"),)),
    )  # fmt: skip
    (found,) = (await db.risk.run_stress("lever", [mapped], rates=RATES)).results
    (part,) = found.positions
    assert part["liquidated_quantity"] == 1_000
    assert found.loss_percentage is not None
    assert found.loss_percentage > 90
    # The first hour whose close is 19.6 % or more below the first open calls the margin.
    frame = window("march-2020")
    first = frame["open"][0]
    called = next(
        n + 1 for n, close in enumerate(frame["close"])
        if 10_000 + 50_000 * (close / first - 1) < 0.005 * 50_000 * close / first
    )  # fmt: skip
    assert found.risk_metrics["margin_call_minute"] == called * 60


async def test_correlation_to_one_takes_the_deviation_of_the_hours_before(
    db: AsyncDatabase,
) -> None:
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    frame = pl.DataFrame(feather.read_table(HOURLY, memory_map=False)).tail(24 * 20)
    closes = frame["close"].to_list()
    began = now - timedelta(hours=len(closes))
    at_us = int(began.timestamp() * 1_000_000)
    records = [
        candle(0, repr(close), timestamp=at_us + n * 3_600_000_000, interval="1h",
               open=repr(close), high=repr(close * 1.01), low=repr(close * 0.99))
        for n, close in enumerate(closes)
    ]  # fmt: skip
    await store(db, chunk_of(records))
    await prepare(db)
    await db.trading.create_portfolio("main", "USDT")
    await db.trading.deposit("main", "USDT", Decimal(100_000), reference="a",
                             timestamp=datetime(2024, 1, 1, tzinfo=UTC))  # fmt: skip
    await db.trading.record_fill("main", fill(1, "BUY", "1", "50000"))
    (found,) = (await db.risk.run_stress("main", ["correlation-to-one"], rates=RATES)).results
    returns = pl.Series(closes).log().diff().drop_nulls()
    deviation = returns.std(ddof=1)
    assert isinstance(deviation, float)
    price = float(found.positions[0]["price"])
    lost = price * -(pl.Series([-4 * deviation * 24**0.5]).exp()[0] - 1)
    assert float(found.loss_amount) == pytest.approx(lost, rel=1e-7)
    assert "scenario" not in found.reasons
    assert found.risk_metrics["direction"] == "down"
