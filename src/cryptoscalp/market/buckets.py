"""Candle buckets as pure rules: which are complete, which source is shown, how holes are filled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    "2h": 7_200,
    "4h": 14_400,
    "6h": 21_600,
    "8h": 28_800,
    "12h": 43_200,
    "1d": 86_400,
}
#: Every interval that the database holds, shortest first.
STORED_SECONDS: Final[Mapping[str, int]] = dict(
    [*SECONDS.items(), ("3d", 259_200), ("1w", 604_800)]
)
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


def finer(interval: Interval) -> list[str]:
    """The intervals of a minute and more whose candles fill one of `interval`, itself first.

    Then the minute, then the others from the longest: the order in which they are preferred.
    """
    step = SECONDS[interval]
    between = [name for name, seconds in SECONDS.items() if 60 < seconds < step]
    dividing = [name for name in reversed(between) if step % SECONDS[name] == 0]
    return list(dict.fromkeys([interval, "1m", *dividing]))


def choose(found: pl.DataFrame, interval: Interval) -> pl.DataFrame:
    """One candle a bucket: the computed one where complete, else the imported, else the computed.

    `found` has timestamp, source, complete and the candle's columns; where it was rolled up also
    made_of (an interval) and parts (how many candles of it). An imported candle is complete, as
    it is the venue's own; one put together when no part is missing. Among incomplete ones the one
    that is made of more of the bucket's time is shown, the imported one where that is equal.
    """
    if not (found["source"] == "imported").any():
        return found.sort("timestamp")
    imported = pl.col("source") == "imported"
    # A stored candle lacks no part.
    order, whole, covered = pl.lit(0), pl.lit(True), pl.lit(0, pl.Int64)
    if "made_of" in found.columns:
        made_of = pl.col("made_of")
        names = finer(interval)
        order = made_of.replace_strict(names, range(len(names)), return_dtype=pl.Int32)
        parts = [SECONDS[interval] // STORED_SECONDS[name] for name in names]
        expected = made_of.replace_strict(names, parts, return_dtype=pl.Int64)
        whole = pl.col("parts") == expected
        lengths = [STORED_SECONDS[name] for name in names]
        covered = pl.col("parts") * made_of.replace_strict(names, lengths, return_dtype=pl.Int64)
    rank = (
        pl.when(~imported & pl.col("complete"))
        .then(0)
        .when(imported & pl.col("_whole"))
        .then(1)
        .otherwise(2)
    )
    return (
        found.with_columns(order.alias("_order"), whole.alias("_whole"), covered.alias("_covered"))
        .sort("timestamp", rank, -pl.col("_covered"), ~imported, "_order")
        .unique("timestamp", keep="first", maintain_order=True)
        .with_columns(pl.when(imported).then("_whole").otherwise("complete").alias("complete"))
        .drop("_order", "_whole", "_covered")
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
