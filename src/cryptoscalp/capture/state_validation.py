"""Which candles, mark prices and funding rates may be stored, and why the others may not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

import polars as pl

from cryptoscalp.capture import decimals
from cryptoscalp.capture.validation import (
    MAX_AHEAD_S,
    QuarantineReason,
    Row,
    Rule,
    Validated,
    name_rules,
    names,
    number_rules,
    numbers_of,
    one_of,
    positive,
    present,
    split,
    time_rules,
)
from cryptoscalp.market.buckets import STORED_SECONDS

_DAY_S: Final = 86_400
_PRICES: Final = ("open", "high", "low", "close")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
# 1970-01-01 was a Thursday, and weeks begin on Monday. Where days are counted by three differs
# between venues, so any day may begin such a candle.
_STEP_US: Final = {
    name: min(seconds, _DAY_S if name == "3d" else seconds) * 1_000_000
    for name, seconds in STORED_SECONDS.items()
}
_OFFSET_US: Final = {"1w": 4 * _DAY_S * 1_000_000}


def validate_candles(
    df: pl.DataFrame, *, now_us: int, max_ahead_s: int = MAX_AHEAD_S, unit: str = "us"
) -> Validated:
    """Split candles into rows that may be stored and rows that may not.

    Takes CANDLE_COLUMNS (numbers as text, or Float64) and the present in µs since the epoch. The
    prices of a candle have to agree with each other, a volume of zero is good, and the timestamp
    has to be the start of a bucket of the interval.
    """
    fields = (*_PRICES, "volume")
    numbers = {field: numbers_of(df, field) for field in fields}
    rules = [*name_rules(df), one_of(df, "interval", tuple(STORED_SECONDS), nullable=False)]
    rules += present(df, *fields)
    for field in fields:
        rules += number_rules(field, numbers[field])
    rules += [*time_rules(df, now_us, max_ahead_s, unit), _begins_bucket(df)]
    for field in _PRICES:
        rules.append(positive(field, numbers[field], QuarantineReason.NON_POSITIVE_PRICE))
    rules += [
        Rule(
            QuarantineReason.NON_POSITIVE_SIZE,
            numbers["volume"].values < 0,
            names("volume", "is below zero"),
        ),
        Rule(
            QuarantineReason.MALFORMED, df["trade_count"] < 0, names("trade_count", "is below zero")
        ),
        *_agreeing(numbers),
    ]
    return split(df, rules, numbers)


def validate_mark_prices(
    df: pl.DataFrame, *, now_us: int, max_ahead_s: int = MAX_AHEAD_S, unit: str = "us"
) -> Validated:
    """Split mark prices (MARK_COLUMNS) into rows that may be stored and rows that may not."""
    fields = ("mark_price", "index_price")
    numbers = {field: numbers_of(df, field) for field in fields}
    rules = [*name_rules(df), *present(df, "mark_price")]
    for field in fields:
        rules += number_rules(field, numbers[field])
    rules += time_rules(df, now_us, max_ahead_s, unit, "received_at")
    for field in fields:
        rules.append(positive(field, numbers[field], QuarantineReason.NON_POSITIVE_PRICE))
    return split(df, rules, numbers)


def validate_funding_rates(
    df: pl.DataFrame, *, now_us: int, max_ahead_s: int = MAX_AHEAD_S, unit: str = "us"
) -> Validated:
    """Split funding rates (FUNDING_COLUMNS), of any sign, as `validate_mark_prices` does."""
    fields = ("funding_rate", "predicted_rate")
    numbers = {field: numbers_of(df, field) for field in fields}
    rules = [*name_rules(df), *present(df, "funding_rate")]
    for field in fields:
        rules += number_rules(field, numbers[field])
    rules += time_rules(df, now_us, max_ahead_s, unit, "received_at", "funding_time")
    return split(df, rules, numbers)


def _begins_bucket(df: pl.DataFrame) -> Rule:
    steps = df["interval"].replace_strict(_STEP_US, default=None, return_dtype=pl.Int64)
    offsets = df["interval"].replace_strict(_OFFSET_US, default=0, return_dtype=pl.Int64)
    return Rule(QuarantineReason.MALFORMED, (df["timestamp"] - offsets) % steps != 0, _no_start)


def _no_start(row: Row) -> str:
    at = _EPOCH + timedelta(microseconds=row["timestamp"])
    return (
        f"timestamp {at.isoformat()} is not the start of a {row['interval']} candle; buckets count"
        f" from {'a Monday' if row['interval'] == '1w' else '1970-01-01'} 00:00 UTC"
    )


def _agreeing(numbers: dict[str, decimals.Parsed]) -> list[Rule]:
    first, high, low, last = (numbers[field].values for field in _PRICES)
    return [
        Rule(
            QuarantineReason.INCONSISTENT_CANDLE,
            (high < first) | (high < last) | (high < low),
            lambda row: (
                f"high {row['high']} is below open {row['open']}, close {row['close']}"
                f" or low {row['low']}"
            ),
        ),
        Rule(
            QuarantineReason.INCONSISTENT_CANDLE,
            (low > first) | (low > last),
            lambda row: f"low {row['low']} is above open {row['open']} or close {row['close']}",
        ),
    ]
