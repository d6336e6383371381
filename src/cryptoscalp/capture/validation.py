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
from typing import Any, Final, NamedTuple

import polars as pl

from cryptoscalp.capture import decimals
from cryptoscalp.infra.db.errors import InputError


class QuarantineReason(StrEnum):
    """Why a record is kept in quarantine and not stored as an event."""

    MALFORMED = "malformed"
    OUT_OF_DOMAIN = "out_of_domain"
    NON_POSITIVE_PRICE = "non_positive_price"
    NON_POSITIVE_SIZE = "non_positive_size"
    INCONSISTENT_CANDLE = "inconsistent_candle"
    CONFLICT = "conflict"
    CROSSED_BOOK = "crossed_book"
    ONE_SIDED_BOOK = "one_sided_book"
    TIMESTAMP_OUT_OF_RANGE = "timestamp_out_of_range"
    UNKNOWN_SYMBOL = "unknown_symbol"
    TRUNCATED_FILE = "truncated_file"
    DAMAGED_FILE = "damaged_file"
    OUT_OF_ORDER = "out_of_order"


EARLIEST_US: Final = 1_230_940_800_000_000  # 2009-01-03, the first bitcoin block
MAX_AHEAD_S: Final = 600
# A receiver's clock may be wrong, but it has to be a date: 0001-01-02 to 9999-12-30.
_CLOCK_US: Final = (-62_135_510_400_000_000, 253_402_128_000_000_000)
# Letters of any script: Binance lists symbols that are not ASCII.
_SYMBOL: Final = re.compile(r"[\w.:/-]{1,64}")
_EXCHANGE: Final = re.compile(r"[A-Za-z0-9_.-]{1,32}")
_TIME: Final = pl.Datetime("us", "UTC")
_TIMES: Final = ("timestamp", "received_at", "funding_time")
#: Units of time, as options name them: the word, and how many µs ten thousand of them are.
_UNITS: Final = {
    "s": ("seconds", 10_000_000_000),
    "ms": ("milliseconds", 10_000_000),
    "us": ("microseconds", 10_000),
    "ns": ("nanoseconds", 10),
}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

Row = Mapping[str, Any]


class Validated(NamedTuple):
    """Rows that may be stored, and rows that may not.

    `good` has the columns that came in, numbers as Decimal(38,18) and times in UTC at µs. `bad`
    has the refused rows as they came in, with reason (QuarantineReason) and detail. `rounded`
    counts the float values in `good` that lost digits at the 18th decimal.
    """

    good: pl.DataFrame
    bad: pl.DataFrame
    rounded: int


@dataclass(frozen=True, slots=True)
class Rule:
    """One reason to refuse rows: `broken` marks them, `detail` says of one what is wrong."""

    reason: QuarantineReason
    broken: pl.Series
    detail: Callable[[Row], str]


def validate_trades(
    df: pl.DataFrame, *, now_us: int, max_ahead_s: int = MAX_AHEAD_S, unit: str = "us"
) -> Validated:
    """Split trades into rows that may be stored and rows that may not.

    Takes TRADE_COLUMNS (price and volume as text, or Float64) and the present in µs since the
    epoch.
    """
    price, volume = numbers_of(df, "price"), numbers_of(df, "volume")
    rules = [
        *name_rules(df),
        one_of(df, "feed", ("trade", "agg_trade"), nullable=False),
        one_of(df, "side", ("BUY", "SELL"), nullable=True),
        *present(df, "price", "volume"),
        *number_rules("price", price),
        *number_rules("volume", volume),
        *time_rules(df, now_us, max_ahead_s, unit, "received_at"),
        positive("price", price, QuarantineReason.NON_POSITIVE_PRICE),
        positive("volume", volume, QuarantineReason.NON_POSITIVE_SIZE),
    ]
    return split(df, rules, {"price": price, "volume": volume})


def validate_quotes(
    df: pl.DataFrame, *, now_us: int, max_ahead_s: int = MAX_AHEAD_S, unit: str = "us"
) -> Validated:
    """Split quotes into rows that may be stored and rows that may not.

    Takes QUOTE_COLUMNS (prices and volumes as text, or Float64) and the present in µs since the
    epoch. A quote needs both sides, and a bid not above the ask.
    """
    fields = ("bid_price", "bid_volume", "ask_price", "ask_volume")
    numbers = {field: numbers_of(df, field) for field in fields}
    rules = [*name_rules(df)]
    rules.append(one_of(df, "source", ("ticker", "depth", "snapshot"), nullable=False))
    rules += [*_one_sided(df), *present(df, *fields)]
    for field in fields:
        rules += number_rules(field, numbers[field])
    rules += time_rules(df, now_us, max_ahead_s, unit, "received_at")
    for field in ("bid_price", "ask_price"):
        rules.append(positive(field, numbers[field], QuarantineReason.NON_POSITIVE_PRICE))
    for field in ("bid_volume", "ask_volume"):
        rules.append(positive(field, numbers[field], QuarantineReason.NON_POSITIVE_SIZE))
    rules.append(
        Rule(
            QuarantineReason.CROSSED_BOOK,
            numbers["bid_price"].values > numbers["ask_price"].values,
            lambda row: f"bid {row['bid_price']} is above ask {row['ask_price']}",
        )
    )
    return split(df, rules, numbers)


def numbers_of(df: pl.DataFrame, field: str) -> decimals.Parsed:
    """A column of numbers, text or Float64, as decimals."""
    column = df[field]
    return decimals.from_float(column) if column.dtype.is_float() else decimals.from_text(column)


def name_rules(df: pl.DataFrame) -> list[Rule]:
    """A symbol and an exchange have to be names that the database takes."""
    rules = []
    for field, pattern in (("symbol", _SYMBOL), ("exchange", _EXCHANGE)):
        wrong = [n for n in df[field].unique().to_list() if not (n and pattern.fullmatch(n))]
        rules.append(
            Rule(
                QuarantineReason.UNKNOWN_SYMBOL,
                df[field].is_in(wrong, nulls_equal=True) if wrong else _never(df),
                names(field, "is not the name of one"),
            )
        )
    return rules


def one_of(df: pl.DataFrame, field: str, kinds: tuple[str, ...], *, nullable: bool) -> Rule:
    """A field has to be one of a few words."""
    known = df[field].is_in(kinds).fill_null(nullable)
    return Rule(
        QuarantineReason.MALFORMED, ~known, names(field, f"is not one of {', '.join(kinds)}")
    )


def present(df: pl.DataFrame, *fields: str) -> list[Rule]:
    """Fields must not be null."""
    return [
        Rule(QuarantineReason.MALFORMED, df[field].is_null(), names(field, "is missing"))
        for field in fields
    ]


def _one_sided(df: pl.DataFrame) -> list[Rule]:
    return [
        Rule(
            QuarantineReason.ONE_SIDED_BOOK,
            df[f"{side}_price"].is_null() & df[f"{side}_volume"].is_null(),
            _says(f"the book has no {side}"),
        )
        for side in ("bid", "ask")
    ]


def number_rules(field: str, parsed: decimals.Parsed) -> list[Rule]:
    """A field has to be a number that fits Decimal(38,18)."""
    return [
        Rule(QuarantineReason.MALFORMED, parsed.malformed, names(field, "is not a number")),
        Rule(
            QuarantineReason.OUT_OF_DOMAIN,
            parsed.out_of_domain,
            names(
                field,
                f"does not fit {decimals.INTEGER_DIGITS} integer digits"
                f" and {decimals.SCALE} decimals",
            ),
        ),
    ]


def positive(field: str, parsed: decimals.Parsed, reason: QuarantineReason) -> Rule:
    """A number has to be above zero."""
    return Rule(reason, parsed.values <= 0, names(field, "is not above zero"))


def time_rules(
    df: pl.DataFrame, now_us: int, max_ahead_s: int, unit: str, *clocks: str
) -> list[Rule]:
    """The timestamp has to be possible; the `clocks`, where they say anything, have to be dates."""
    latest = now_us + max_ahead_s * 1_000_000
    return [
        Rule(
            QuarantineReason.TIMESTAMP_OUT_OF_RANGE,
            ~df["timestamp"].is_between(EARLIEST_US, latest).fill_null(False),
            lambda row: describe_time(row["timestamp"], latest, unit),
        ),
        *(
            Rule(
                QuarantineReason.TIMESTAMP_OUT_OF_RANGE,
                ~df[clock].is_between(*_CLOCK_US),
                names(clock, "microseconds is not a date"),
            )
            for clock in clocks
        ),
    ]


def describe_time(timestamp: int | None, latest: int, unit: str = "us") -> str:
    """Say why a timestamp (µs since the epoch) is refused, and the unit that would make it fit.

    `unit` is the one in which the source's number was read; of text there is none.
    """
    if timestamp is None:
        return "timestamp is missing"
    why = "before 2009-01-03" if timestamp < EARLIEST_US else "in the future"
    if unit not in _UNITS:
        return f"timestamp is {why}"
    word, size = _UNITS[unit]
    number = timestamp * 10_000 // size
    for other, other_size in _UNITS.values():
        fitting = number * other_size // 10_000
        if other != word and EARLIEST_US <= fitting <= latest:
            when = (_EPOCH + timedelta(microseconds=fitting)).isoformat(timespec="milliseconds")
            return f"timestamp {number} read as {word} is {why}; it would fit as {other} ({when})"
    return f"timestamp {number} read as {word} is {why}; it fits no unit"


def check_names(exchange: str | None, symbol: str | None) -> None:
    """Raise InputError for an exchange or a symbol that cannot be one."""
    for what, name, pattern in (("exchange", exchange, _EXCHANGE), ("symbol", symbol, _SYMBOL)):
        if name is not None and not pattern.fullmatch(name):
            raise InputError(f"{what} {name!r} is not the name of one")


def names(field: str, problem: str) -> Callable[[Row], str]:
    """Say of a row that the value of a field has a problem."""
    return lambda row: (
        f"{field} {problem}" if row[field] is None else f"{field} {row[field]!r} {problem}"
    )


def _says(text: str) -> Callable[[Row], str]:
    return lambda row: text


def _never(df: pl.DataFrame) -> pl.Series:
    return pl.repeat(False, df.height, dtype=pl.Boolean, eager=True)


def split(df: pl.DataFrame, rules: list[Rule], numbers: Mapping[str, decimals.Parsed]) -> Validated:
    """Refuse each row for the first rule that it breaks; the others are converted."""
    broken = [rule for rule in rules if rule.broken.any()]
    converted = df.with_columns(
        *(pl.col(name).cast(_TIME) for name in _TIMES if name in df.columns),
        **{field: parsed.values for field, parsed in numbers.items()},
    )
    if not broken:
        none = df.clear().with_columns(reason=pl.lit("", pl.String), detail=pl.lit("", pl.String))
        return Validated(converted, none, sum(parsed.rounded for parsed in numbers.values()))
    verdicts: dict[int, Rule] = {}
    for rule in broken:
        for row in rule.broken.arg_true().to_list():
            verdicts.setdefault(row, rule)
    rows = sorted(verdicts)
    refused = df[rows]
    details = [
        verdicts[row].detail(record)
        for row, record in zip(rows, refused.iter_rows(named=True), strict=True)
    ]
    bad = refused.with_columns(
        pl.Series("reason", [str(verdicts[row].reason) for row in rows], dtype=pl.String),
        pl.Series("detail", details, dtype=pl.String),
    )
    keep = pl.repeat(True, df.height, dtype=pl.Boolean, eager=True).scatter(rows, False)
    rounded = sum(int((parsed.shortened & keep).sum()) for parsed in numbers.values())
    return Validated(converted.filter(keep), bad, rounded)
