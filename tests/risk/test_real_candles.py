"""VaR over real candles: what the importer stored, and whether it held over a year of bitcoin."""

from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl
import pytest
from pyarrow import feather
from skfolio import measures as skfolio

from cryptoscalp import AsyncDatabase, Fill
from cryptoscalp.risk.coverage_tests import CoverageTest, coverage_test
from cryptoscalp.risk.measures import tail_risk
from tests.cli.conftest import shared

MINUTES: Final = "binance-vision-klines/BTCUSDT-1m-2022-05-06.csv"
HOURS: Final = "freqtrade_userdata_binance/spot_BTC_USDT-1h.feather"
DAY: Final = datetime(2022, 5, 6, tzinfo=UTC)
BEGAN: Final = datetime(2021, 12, 1, tzinfo=UTC)
ENDED: Final = datetime(2023, 1, 1, tzinfo=UTC)
DOCS: Final = Path(__file__).resolve().parents[2] / "docs" / "risk.md"


async def test_a_coin_over_a_day_of_minutes(db: AsyncDatabase) -> None:
    path = shared(MINUTES)
    await db.capture.import_files([path], exchange="binance")
    await db.market.set_instrument("BTCUSDT", "binance", base="BTC", quote="USDT")
    await db.trading.create_portfolio("main", "USDT")
    await db.trading.deposit("main", "USDT", Decimal(40_000), reference="one", timestamp=DAY)
    await db.trading.record_fill(
        "main",
        Fill("BTCUSDT", "binance", "1", DAY + timedelta(minutes=5), "BUY", Decimal(1),
             Decimal("36500")),
    )  # fmt: skip
    at = DAY + timedelta(hours=20)
    found = await db.risk.measure("main", at, horizon="1m", lookback=timedelta(minutes=1_000))
    with path.open() as lines:
        closes = [float(row[4]) for row in csv.reader(lines) if row[0].isdigit()]
    known = closes[: 20 * 60]
    pnl = known[-1] * np.array([after / before - 1 for before, after in pairwise(known[-1_001:])])
    whole = found[0]
    assert (whole.n, whole.excluded, whole.coverage, whole.data_cut) == (1_000, 0, 1, at)
    assert float(whole.value_at_risk or 0) == pytest.approx(
        float(skfolio.value_at_risk(pnl)), rel=1e-12
    )
    assert float(whole.expected_shortfall or 0) == pytest.approx(
        float(skfolio.cvar(pnl)), rel=1e-12
    )
    assert whole.portfolio_value == Decimal(40_000) - 36_500 + Decimal(str(known[-1]))


@pytest.fixture(scope="module")
def returns() -> Any:
    """Hourly returns of bitcoin from December 2021 to the end of 2022: Terra and FTX are in it."""
    frame = pl.DataFrame(feather.read_table(shared(HOURS), memory_map=False))
    year = pl.col("date").is_between(BEGAN, ENDED)
    chosen = frame.filter(year)
    closes = chosen["close"].to_numpy()
    return closes[1:] / closes[:-1] - 1


def walked(returns: Any, estimator: Any) -> CoverageTest:
    """Each hour's VaR of the 720 hours before it, against the hour."""
    exceptions = []
    for at in range(720, len(returns)):
        var = tail_risk(returns[at - 720 : at], 0.95, estimator).var
        assert var is not None
        exceptions.append(-returns[at] > var)
    return coverage_test(exceptions, 0.95)


@pytest.mark.long
def test_exceptions_are_as_many_as_they_should_be_but_come_together(returns: Any) -> None:
    plain, scaled = walked(returns, "HISTORICAL"), walked(returns, "EWMA_HISTORICAL")
    for found in (plain, scaled):
        assert found.observations == 8_784
        assert (found.kupiec_p or 0) > 0.1
    # Storms come together; a history of thirty days does not see them coming, volatility does.
    assert (plain.independence_p or 1) < 1e-6
    assert (scaled.independence or 0) < (plain.independence or 0) / 2
    text = DOCS.read_text("utf-8")
    for name, found in (("HISTORICAL", plain), ("EWMA_HISTORICAL", scaled)):
        row = (
            f"| `{name}` | {found.exceptions} of {found.expected:.1f} | {found.kupiec_p:.2f}"
            f" | {found.independence:.1f} | {found.independence_p:.0e} |"
        )
        assert row in text, f"docs/risk.md lacks this row: {row}"
