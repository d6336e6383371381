"""Made-up ticks of one instrument over many days: seeded, with consecutive ids and exact prices."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from bench.made import fixed

FIRST: Final = datetime(2023, 1, 1, tzinfo=UTC)
EXCHANGE: Final = "campaign"
SYMBOL: Final = "BTCUSDT"
_DAY_MS: Final = 86_400_000


def trades(first: int, days: int, per_day: int) -> pa.Table:
    """The trades of days [first, first + days), `per_day` each, in the columns of `write_trades`.

    Several share a millisecond, as real ones do; ids are consecutive over all days.
    """
    rng = np.random.default_rng(first)
    stamps = _stamps(rng, first, days, per_day)
    rows = len(stamps)
    frame = pl.DataFrame(
        {
            "timestamp": stamps,
            "sequence": np.arange(rows) + first * per_day + 1,
            "ticks": 6_000_000 + np.cumsum(rng.integers(-3, 4, rows)),
            "lots": rng.integers(1, 5_000_000, rows),
            "side": pl.Series(["BUY", "SELL"])[rng.integers(0, 2, rows)],
        }
    )
    return _table(
        frame.select(
            *_instrument(),
            pl.lit("trade").alias("feed"),
            "sequence",
            fixed("ticks", 2).alias("price"),
            fixed("lots", 11).alias("volume"),
            "side",
        )
    )


def quotes(first: int, days: int, per_day: int) -> pa.Table:
    """The quotes of days [first, first + days), in the columns of `write_quotes`."""
    rng = np.random.default_rng(first + 1_000_000)
    stamps = _stamps(rng, first, days, per_day)
    rows = len(stamps)
    frame = pl.DataFrame(
        {
            "timestamp": stamps,
            "sequence": np.arange(rows) + first * per_day + 1,
            "bid": 6_000_000 + np.cumsum(rng.integers(-3, 4, rows)),
            "lots": rng.integers(1, 5_000_000, rows),
        }
    ).with_columns((pl.col("bid") + 1).alias("ask"))
    return _table(
        frame.select(
            *_instrument(),
            "sequence",
            fixed("bid", 2).alias("bid_price"),
            fixed("lots", 5).alias("bid_volume"),
            fixed("ask", 2).alias("ask_price"),
            fixed("lots", 5).alias("ask_volume"),
        )
    )


def _stamps(rng: np.random.Generator, first: int, days: int, per_day: int) -> npt.NDArray[np.int64]:
    """Milliseconds in ascending order, as many on each day, in µs since 1970."""
    within = np.sort(rng.integers(0, _DAY_MS, (days, per_day)), axis=1)
    start = int(FIRST.timestamp()) * 1000
    begins = start + (first + np.arange(days))[:, None] * _DAY_MS
    stamps: npt.NDArray[np.int64] = ((within + begins) * 1000).ravel()
    return stamps


def _instrument() -> list[pl.Expr]:
    return [
        pl.col("timestamp").cast(pl.Datetime("us", "UTC")),
        pl.lit(SYMBOL).alias("symbol"),
        pl.lit(EXCHANGE).alias("exchange"),
    ]


def _table(frame: pl.DataFrame) -> pa.Table:
    return frame.to_arrow(compat_level=pl.CompatLevel.oldest())
