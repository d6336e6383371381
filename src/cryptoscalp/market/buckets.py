"""Candle buckets as pure rules: which are complete, which source is shown, how holes are filled."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, TypeAlias, get_args

import numpy as np
import numpy.typing as npt
import polars as pl

from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.market.types import Fill, Interval

Int64s: TypeAlias = npt.NDArray[np.int64]

SECONDS: Final[dict[Interval, int]] = {
    "1s": 1,
    "1m": 60,
    "3m": 180,
    "5m": 300,
    "15m": 900,
    "30m": 1_800,
    "1h": 3_600,
    "4h": 14_400,
    "1d": 86_400,
}
#: A filled answer with more buckets than this is refused: 4 months of seconds.
MOST_BUCKETS: Final = 10_000_000
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_PRICES: Final = ("open", "high", "low", "close")


def step_of(interval: str) -> timedelta:
    """The length of an interval; InputError names the ones there are."""
    for name, seconds in SECONDS.items():
        if name == interval:
            return timedelta(seconds=seconds)
    raise InputError(f"there is no interval {interval!r}; choose {', '.join(get_args(Interval))}")


def aligned_up(moment: datetime, step: timedelta) -> datetime:
    """The first bucket start at or after a moment; buckets count from 1970-01-01 UTC."""
    return EPOCH + -((EPOCH - moment) // step) * step


def complete(
    starts: Int64s, step_us: int, runs: Sequence[tuple[int, int]], gaps: Sequence[tuple[int, int]]
) -> npt.NDArray[np.bool_]:
    """Mark the buckets (starts in µs) in which no event can be missing.

    A bucket is complete when one received run begins before it and ends at or after its end, and
    no recorded gap touches it. `runs` and `gaps` are (start, end) in µs, in any order.
    """
    ends = starts + step_us
    return (_furthest(runs, starts) >= ends) & (_furthest(gaps, ends) < starts)


def _furthest(intervals: Sequence[tuple[int, int]], moments: Int64s) -> Int64s:
    """For each moment the latest end among the intervals that begin before it; none: the past."""
    never = np.iinfo(np.int64).min
    if not intervals:
        return np.full(len(moments), never)
    ordered = np.array(sorted(intervals), dtype=np.int64)
    reached = np.concatenate(([never], np.maximum.accumulate(ordered[:, 1])))
    return reached[np.searchsorted(ordered[:, 0], moments, side="left")]


def choose(found: pl.DataFrame) -> pl.DataFrame:
    """One candle a bucket: the computed one where complete, else the imported, else the computed.

    `found` has timestamp, source, complete and the candle's columns. An imported candle is
    complete: it is the venue's own.
    """
    if not (found["source"] == "imported").any():
        return found.sort("timestamp")
    imported = pl.col("source") == "imported"
    rank = pl.when(~imported & pl.col("complete")).then(0).when(imported).then(1).otherwise(2)
    return (
        found.sort("timestamp", rank)
        .unique("timestamp", keep="first", maintain_order=True)
        .with_columns((pl.col("complete") | imported).alias("complete"))
    )


def filled(
    candles: pl.DataFrame,
    fill: Fill,
    step: timedelta,
    start: datetime | None,
    end: datetime | None,
    close_before: object,
) -> pl.DataFrame:
    """Candles with empty buckets added where `fill` asks for it, at the previous close.

    Buckets run from `start` (or the first candle) to `end` (or the last one), aligned; a bucket
    before any known close is left out. Added rows have volume 0, trade_count 0, source "filled"
    and complete null.
    """
    if fill == "none" or (candles.is_empty() and (start is None or end is None)):
        return candles
    stamps = candles["timestamp"]
    low = aligned_up(start, step) if start else stamps.min()
    high = aligned_up(end, step) - step if end else stamps.max()
    assert isinstance(low, datetime)
    assert isinstance(high, datetime)
    if (high - low) / step >= MOST_BUCKETS:
        raise InputError(
            f"{low.isoformat()} to {high.isoformat()} has more than {MOST_BUCKETS:,} buckets"
            " to fill; ask for a shorter range or a longer interval"
        )
    every = pl.DataFrame(
        {"timestamp": pl.datetime_range(low, high, step, time_unit="us", eager=True)},
        schema={"timestamp": candles.schema["timestamp"]},
    )
    joined = every.join(candles, on="timestamp", how="left", maintain_order="left")
    first = pl.lit(close_before, dtype=candles.schema["close"])
    previous = pl.col("close").forward_fill().fill_null(first)
    return joined.with_columns(
        *(pl.coalesce(name, previous).alias(name) for name in _PRICES),
        pl.coalesce("volume", pl.lit(0).cast(candles.schema["volume"])).alias("volume"),
        pl.when(pl.col("source").is_null())
        .then(pl.lit(0, dtype=pl.Int64))
        .otherwise("trade_count")
        .alias("trade_count"),
        pl.col("source").fill_null("filled"),
    ).filter(pl.col("close").is_not_null())
