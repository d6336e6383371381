"""Which events may be stored, and why the others may not; whole columns at a time.

A row is refused for the first rule it breaks, in the order of the rules below. Locked books
(bid = ask) are stored: they happen.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

import polars as pl

from cryptoscalp.capture import decimals


class QuarantineReason(StrEnum):
    """Why a record is kept in quarantine and not stored as an event."""

    MALFORMED = "malformed"
    OUT_OF_DOMAIN = "out_of_domain"
    NON_POSITIVE_PRICE = "non_positive_price"
    NON_POSITIVE_SIZE = "non_positive_size"
    CROSSED_BOOK = "crossed_book"
    ONE_SIDED_BOOK = "one_sided_book"
    TIMESTAMP_OUT_OF_RANGE = "timestamp_out_of_range"
    UNKNOWN_SYMBOL = "unknown_symbol"
    TRUNCATED_FILE = "truncated_file"


EARLIEST_US: Final = 1_230_940_800_000_000  # 2009-01-03, the first bitcoin block
MAX_AHEAD_S: Final = 600
# A receiver's clock may be wrong, but it has to be a date: 0001-01-02 to 9999-12-30.
_CLOCK_US: Final = (-62_135_510_400_000_000, 253_402_128_000_000_000)
# Letters of any script: Binance lists symbols that are not ASCII.
_SYMBOL: Final = re.compile(r"[\w.:/-]{1,64}")
_EXCHANGE: Final = re.compile(r"[A-Za-z0-9_.-]{1,32}")
_TIME: Final = pl.Datetime("us", "UTC")
# What a number read as microseconds may really have been: unit, multiplier, divisor.
_UNITS: Final = (("seconds", 1_000_000, 1), ("milliseconds", 1_000, 1), ("nanoseconds", 1, 1_000))
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
BAD_COLUMNS: Final = {"line": pl.Int64, "reason": pl.String, "detail": pl.String}

_Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Rule:
    reason: QuarantineReason
    broken: pl.Series
    detail: Callable[[_Row], str]


def validate_trades(
    df: pl.DataFrame, *, now_us: int, max_ahead_s: int = MAX_AHEAD_S
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Split trades into rows that may be stored and rows that may not.

    Takes TRADE_COLUMNS (price and volume as text, or Float64) and the present in µs since the
    epoch. Returns (good, bad): good has the same columns with price and volume Decimal(38,18)
    and timestamp and received_at in UTC at µs; bad has line, reason (QuarantineReason), detail.
    """
    price, volume = _numbers(df, "price"), _numbers(df, "volume")
    rules = [
        *_name_rules(df, "feed", ("trade", "agg_trade")),
        _one_of(df, "side", ("BUY", "SELL"), nullable=True),
        *_present(df, "price", "volume"),
        *_number_rules("price", price),
        *_number_rules("volume", volume),
        *_time_rules(df, now_us, max_ahead_s),
        _positive("price", price, QuarantineReason.NON_POSITIVE_PRICE),
        _positive("volume", volume, QuarantineReason.NON_POSITIVE_SIZE),
    ]
    return _split(df, rules, {"price": price.values, "volume": volume.values})


def validate_quotes(
    df: pl.DataFrame, *, now_us: int, max_ahead_s: int = MAX_AHEAD_S
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Split quotes into rows that may be stored and rows that may not.

    Takes QUOTE_COLUMNS (prices and volumes as text, or Float64) and the present in µs since the
    epoch; returns (good, bad) as `validate_trades` does. A quote needs both sides, and a bid
    not above the ask.
    """
    fields = ("bid_price", "bid_volume", "ask_price", "ask_volume")
    numbers = {field: _numbers(df, field) for field in fields}
    rules = [*_name_rules(df, "source", ("ticker", "depth", "snapshot")), *_one_sided(df)]
    rules += _present(df, *fields)
    for field in fields:
        rules += _number_rules(field, numbers[field])
    rules += _time_rules(df, now_us, max_ahead_s)
    for field in ("bid_price", "ask_price"):
        rules.append(_positive(field, numbers[field], QuarantineReason.NON_POSITIVE_PRICE))
    for field in ("bid_volume", "ask_volume"):
        rules.append(_positive(field, numbers[field], QuarantineReason.NON_POSITIVE_SIZE))
    rules.append(
        _Rule(
            QuarantineReason.CROSSED_BOOK,
            numbers["bid_price"].values > numbers["ask_price"].values,
            lambda row: f"bid {row['bid_price']} is above ask {row['ask_price']}",
        )
    )
    return _split(df, rules, {field: numbers[field].values for field in fields})


def _numbers(df: pl.DataFrame, field: str) -> decimals.Parsed:
    column = df[field]
    return decimals.from_float(column) if column.dtype.is_float() else decimals.from_text(column)


def _name_rules(df: pl.DataFrame, kind: str, kinds: tuple[str, ...]) -> list[_Rule]:
    rules = []
    for field, pattern in (("symbol", _SYMBOL), ("exchange", _EXCHANGE)):
        wrong = [n for n in df[field].unique().to_list() if not (n and pattern.fullmatch(n))]
        rules.append(
            _Rule(
                QuarantineReason.UNKNOWN_SYMBOL,
                df[field].is_in(wrong, nulls_equal=True) if wrong else _never(df),
                _names(field, "is not the name of one"),
            )
        )
    return [*rules, _one_of(df, kind, kinds, nullable=False)]


def _one_of(df: pl.DataFrame, field: str, kinds: tuple[str, ...], *, nullable: bool) -> _Rule:
    known = df[field].is_in(kinds).fill_null(nullable)
    return _Rule(
        QuarantineReason.MALFORMED, ~known, _names(field, f"is not one of {', '.join(kinds)}")
    )


def _present(df: pl.DataFrame, *fields: str) -> list[_Rule]:
    return [
        _Rule(QuarantineReason.MALFORMED, df[field].is_null(), _names(field, "is missing"))
        for field in fields
    ]


def _one_sided(df: pl.DataFrame) -> list[_Rule]:
    return [
        _Rule(
            QuarantineReason.ONE_SIDED_BOOK,
            df[f"{side}_price"].is_null() & df[f"{side}_volume"].is_null(),
            _says(f"the book has no {side}"),
        )
        for side in ("bid", "ask")
    ]


def _number_rules(field: str, parsed: decimals.Parsed) -> list[_Rule]:
    return [
        _Rule(QuarantineReason.MALFORMED, parsed.malformed, _names(field, "is not a number")),
        _Rule(
            QuarantineReason.OUT_OF_DOMAIN,
            parsed.out_of_domain,
            _names(
                field,
                f"does not fit {decimals.INTEGER_DIGITS} integer digits"
                f" and {decimals.SCALE} decimals",
            ),
        ),
    ]


def _positive(field: str, parsed: decimals.Parsed, reason: QuarantineReason) -> _Rule:
    return _Rule(reason, parsed.values <= 0, _names(field, "is not above zero"))


def _time_rules(df: pl.DataFrame, now_us: int, max_ahead_s: int) -> list[_Rule]:
    latest = now_us + max_ahead_s * 1_000_000
    clock = df["received_at"]
    return [
        _Rule(
            QuarantineReason.TIMESTAMP_OUT_OF_RANGE,
            ~df["timestamp"].is_between(EARLIEST_US, latest).fill_null(False),
            lambda row: describe_time(row["timestamp"], latest),
        ),
        _Rule(
            QuarantineReason.TIMESTAMP_OUT_OF_RANGE,
            ~clock.is_between(*_CLOCK_US),
            _names("received_at", "microseconds is not a date"),
        ),
    ]


def describe_time(timestamp: int | None, latest: int) -> str:
    """Say why a timestamp (µs since the epoch) is refused, and the unit that would make it fit."""
    if timestamp is None:
        return "timestamp is missing"
    why = "before 2009-01-03" if timestamp < EARLIEST_US else "in the future"
    for unit, multiplier, divisor in _UNITS:
        fitting = timestamp * multiplier // divisor
        if EARLIEST_US <= fitting <= latest:
            when = (_EPOCH + timedelta(microseconds=fitting)).isoformat(timespec="milliseconds")
            return (
                f"timestamp {timestamp} read as microseconds is {why};"
                f" it would fit as {unit} ({when})"
            )
    return f"timestamp {timestamp} read as microseconds is {why}; it fits no unit"


def _names(field: str, problem: str) -> Callable[[_Row], str]:
    return lambda row: (
        f"{field} {problem}" if row[field] is None else f"{field} {row[field]!r} {problem}"
    )


def _says(text: str) -> Callable[[_Row], str]:
    return lambda row: text


def _never(df: pl.DataFrame) -> pl.Series:
    return pl.repeat(False, df.height, dtype=pl.Boolean, eager=True)


def _split(
    df: pl.DataFrame, rules: list[_Rule], numbers: dict[str, pl.Series]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    broken = [rule for rule in rules if rule.broken.any()]
    converted = df.with_columns(
        pl.col("timestamp").cast(_TIME),
        pl.col("received_at").cast(_TIME),
        **numbers,
    )
    if not broken:
        return converted, pl.DataFrame(schema=BAD_COLUMNS)
    verdicts: dict[int, _Rule] = {}
    for rule in broken:
        for row in rule.broken.arg_true().to_list():
            verdicts.setdefault(row, rule)
    rows = sorted(verdicts)
    refused = df[rows]
    bad = pl.DataFrame(
        {
            "line": refused["line"],
            "reason": [str(verdicts[row].reason) for row in rows],
            "detail": [
                verdicts[row].detail(record)
                for row, record in zip(rows, refused.iter_rows(named=True), strict=True)
            ],
        },
        schema=BAD_COLUMNS,
    )
    keep = pl.repeat(True, df.height, dtype=pl.Boolean, eager=True).scatter(rows, False)
    return converted.filter(keep), bad
