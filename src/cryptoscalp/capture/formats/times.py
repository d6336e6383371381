"""Columns of times in any unit to microseconds since the epoch, whole columns at a time.

Digits below the microsecond are cut off, not rounded: a rounded stamp can fall into the next
bucket. No stamp goes by way of a float: 1762795433.9717445 s has more digits than one holds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_DOWN, Context, Decimal
from typing import Final

import polars as pl

from cryptoscalp.capture.formats.layout import Unit

_LIMIT: Final = 2**63 - 1
_DAY_S: Final = 86_400
#: A unit's microseconds as a power of ten.
_POWERS: Final[dict[Unit, int]] = {"s": 6, "ms": 3, "us": 0, "ns": -3}
#: 2009 to 2100 in seconds: what a stamp's magnitude tells its unit by.
_PLAUSIBLE_S: Final = (1_230_768_000, 4_102_444_800)
_DECIMAL: Final = r"^([+-]?[0-9]{1,18})\.([0-9]*)$"
_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_ISO: Final = (
    r"^(?P<year>[0-9]{4})[-/]?(?P<month>[0-9]{2})[-/]?(?P<day>[0-9]{2})"
    r"(?:[T ](?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})"
    r"(?:[.,](?P<fraction>[0-9]{1,9}))?)?"
    r" ?(?P<zone>Z|UTC|[+-][0-9]{2}:?[0-9]{2}|[+-][0-9]{2})?)?$"
)
# A bare 20221213 is a number, not a date.
_LOOKS_ISO: Final = r"^[0-9]{4}[-/][0-9]{2}[-/][0-9]{2}|^[0-9]{8}[T ][0-9]{2}:"
# Wide enough for any stamp; what lies below the microsecond is cut off.
_CUT: Final = Context(prec=60, rounding=ROUND_DOWN)


@dataclass(frozen=True, slots=True)
class Times:
    """A converted column, row for row with its input.

    `values` is Int64, µs since the epoch, null where the cell is null or refused. `malformed` and
    `outside` are Boolean masks without nulls: no time at all, and none that 64 bits can hold.
    """

    values: pl.Series
    malformed: pl.Series
    outside: pl.Series


def unit_of(cells: pl.Series) -> Unit | None:
    """The unit that most of the cells are plausible times in (2009 to 2100); None when none is.

    Takes text without blanks around it, integers or floats. The most, not the first: the first
    row of a file may be the one that is wrong.
    """
    if cells.dtype.is_temporal():
        return None
    numbers = cells.cast(pl.Float64, strict=False)
    votes: dict[Unit, int] = {}
    for unit, power in _POWERS.items():
        low, high = (bound * 10.0 ** (6 - power) for bound in _PLAUSIBLE_S)
        votes[unit] = int(numbers.is_between(low, high, closed="left").sum())
    if cells.dtype == pl.String:
        votes["iso"] = int(cells.str.contains(_LOOKS_ISO).sum())
    unit, count = max(votes.items(), key=lambda vote: vote[1])
    return unit if count else None


def microseconds(cells: pl.Series, unit: Unit | None) -> Times:
    """Times to µs since the epoch (UTC), cut off below.

    Takes text without blanks around it, numbers in `unit` (None: µs), or a temporal column,
    which has its unit in its type; times without a zone are UTC.
    """
    if cells.dtype.is_temporal():
        return _times(cells, *_stamps(cells))
    if unit == "iso":
        return _from_iso(cells.cast(pl.String))
    power = _POWERS[unit or "us"]
    if cells.dtype.is_integer():
        found, outside = _scaled(cells.cast(pl.Int64, strict=False), power)
        return _times(cells, found, outside)
    return _from_text(cells.cast(pl.String), power)


def _stamps(cells: pl.Series) -> tuple[pl.Series, list[int]]:
    """Dates and times in µs, and the rows where that does not fit 64 bits."""
    counts = cells.to_physical().cast(pl.Int64)
    if isinstance(cells.dtype, pl.Datetime):
        return _scaled(counts, _POWERS[cells.dtype.time_unit])
    return _scaled(counts * _DAY_S, _POWERS["s"])


def _scaled(numbers: pl.Series, power: int) -> tuple[pl.Series, list[int]]:
    """Whole numbers of a unit in µs, and the rows where that does not fit 64 bits."""
    if power <= 0:
        return numbers // 10**-power, []
    most = _LIMIT // 10**power
    fits = numbers.is_between(-most, most)
    if fits.all():
        return numbers * 10**power, []
    return (numbers.set(~fits, None) * 10**power), (~fits).arg_true().to_list()


def _from_text(text: pl.Series, power: int) -> Times:
    whole = text.cast(pl.Int64, strict=False)
    values, outside = _scaled(whole, power)
    if whole.null_count() == text.null_count():
        return _times(text, values, outside)
    places = (whole.is_null() & text.is_not_null()).arg_true()
    rest = text.gather(places)
    parts = rest.str.extract_groups(_DECIMAL).struct
    digits = max(power, 0)
    fraction = parts.field("2").str.slice(0, digits).str.pad_end(digits, "0").replace("", "0")
    units, beyond = _scaled(parts.field("1").cast(pl.Int64, strict=False), power)
    outside += places.gather(beyond).to_list()
    below = fraction.cast(pl.Int64, strict=False)
    below = (-below).zip_with(parts.field("1").str.starts_with("-").fill_null(False), below)
    found = units + below
    for row in (found.is_null()).arg_true().to_list():
        value = _exact(rest[row], power)
        if value is None or abs(value) > _LIMIT:
            outside += [places[row]] if value is not None else []
        else:
            found = found.scatter(row, value)
    return _times(text, values.scatter(places, found), outside)


def _exact(text: str, power: int) -> int | None:
    """A number as nobody else could read it (exponents, very long); None when it is none."""
    if _NUMBER.fullmatch(text) is None:
        return None
    number = Decimal(text)
    if number and number.adjusted() > 30:
        return _LIMIT + 1
    return int(number.scaleb(power, _CUT))


def _from_iso(text: pl.Series) -> Times:
    parts = text.str.extract_groups(_ISO).struct.unnest()
    clock = (pl.col(name).fill_null("00") for name in ("hour", "minute", "second"))
    seconds = pl.concat_str("year", "month", "day", *clock).str.to_datetime(
        "%Y%m%d%H%M%S", strict=False, time_unit="us"
    )
    below = pl.col("fraction").fill_null("0").str.slice(0, 6).str.pad_end(6, "0").cast(pl.Int64)
    stamps = parts.select(seconds.dt.epoch("us") + below - _zone_us())
    return _times(text, stamps.to_series(), [])


def _zone_us() -> pl.Expr:
    zone = pl.col("zone").str.replace_all(":", "")
    hours = zone.str.slice(1, 2).cast(pl.Int64, strict=False).fill_null(0)
    minutes = zone.str.slice(3, 2).cast(pl.Int64, strict=False).fill_null(0)
    sign = pl.when(zone.str.starts_with("-")).then(-1).otherwise(1)
    named = zone.is_in(["Z", "UTC"]).fill_null(True)
    return pl.when(named).then(0).otherwise(sign * (hours * 60 + minutes) * 60_000_000)


def _times(cells: pl.Series, values: pl.Series, outside: list[int]) -> Times:
    nothing = pl.repeat(False, len(cells), dtype=pl.Boolean, eager=True)
    far = nothing.scatter(outside, True) if outside else nothing
    if values.null_count() == cells.null_count():
        return Times(values, nothing, far)
    return Times(values, values.is_null() & cells.is_not_null() & ~far, far)
