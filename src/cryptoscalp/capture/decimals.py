"""Columns of numbers to exact Decimal(38,18), whole columns at a time, never by way of float.

Polars' own cast from text rounds what has more than 18 decimals, silently, half-even. It is
exact for plain text of at most 20 integer digits and 18 decimals, so only text proven to be
that goes through it; the rest (exponents, long text) takes Python's `decimal`, value by value.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Final

import polars as pl

SCALE: Final = 18
INTEGER_DIGITS: Final = 20
DECIMAL: Final = pl.Decimal(INTEGER_DIGITS + SCALE, SCALE)

# Text this short cannot hold more than 18 decimals or 20 integer digits.
_SHORT: Final = SCALE + 1
_LONG_EXACT: Final = rf"^[+-]?[0-9]{{1,{INTEGER_DIGITS}}}(\.[0-9]{{0,{SCALE}}})?$"
_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,9})?")
_NOT_FINITE: Final = re.compile(r"[+-]?(?:nan|inf|infinity)", re.IGNORECASE)
# Wide enough for 20 integer digits and 18 decimals; the default 28 digits are not.
_CONTEXT: Final = Context(prec=INTEGER_DIGITS + SCALE + 2, rounding=ROUND_HALF_EVEN)
_QUANTUM: Final = Decimal(1).scaleb(-SCALE)
_LIMIT: Final = Decimal(10) ** INTEGER_DIGITS


@dataclass(frozen=True, slots=True)
class Parsed:
    """A converted column, row for row with its input.

    `values` is Decimal(38,18), null where the input is null or refused; `malformed`,
    `out_of_domain` and `shortened` are Boolean masks without nulls. `shortened` marks values that
    lost digits (float sources only).
    """

    values: pl.Series
    malformed: pl.Series
    out_of_domain: pl.Series
    shortened: pl.Series

    @property
    def rounded(self) -> int:
        """How many values lost digits."""
        return int(self.shortened.sum())


def from_text(text: pl.Series) -> Parsed:
    """Text to Decimal(38,18), exactly or not at all.

    Takes a String column. More than 18 decimals (trailing zeros apart), more than 20 integer
    digits, NaN and infinities are out of domain; what is not a number is malformed.
    """
    return _convert(text, rounding=False)


def from_float(numbers: pl.Series) -> Parsed:
    """Float64 to Decimal(38,18) by shortest repr, half-even at the 18th decimal.

    NaN, infinities and more than 20 integer digits are out of domain. `rounded` counts the
    values whose repr had more than 18 decimals.
    """
    # Polars writes the shortest text that reads back as the same double, as repr does.
    return _convert(numbers.cast(pl.Float64).cast(pl.String), rounding=True)


def _convert(text: pl.Series, *, rounding: bool) -> Parsed:
    short = (text.str.len_bytes() <= _SHORT) & ~text.str.contains("[eE]")
    if short.all():  # nulls do not count here, and stay null
        values = text.cast(DECIMAL, strict=False)
    else:
        exact = (short | text.str.contains(_LONG_EXACT)).fill_null(False)
        values = text.set(~exact, None).cast(DECIMAL, strict=False)
    nothing = pl.repeat(False, len(text), dtype=pl.Boolean, eager=True)
    if values.null_count() == text.null_count():
        return Parsed(values, nothing, nothing, nothing)
    return _finish(text, values, rounding=rounding)


def _finish(text: pl.Series, values: pl.Series, *, rounding: bool) -> Parsed:
    """Convert one by one what the column cast left null."""
    open_rows = (values.is_null() & text.is_not_null()).arg_true()
    found: list[Decimal | None] = []
    malformed: list[int] = []
    out_of_domain: list[int] = []
    shortened: list[int] = []
    for row, value in zip(open_rows.to_list(), text.gather(open_rows).to_list(), strict=True):
        number: Decimal | None = None
        if _NUMBER.fullmatch(value) is None:
            (out_of_domain if _NOT_FINITE.fullmatch(value) else malformed).append(row)
        else:
            number, changed = _quantize(value)
            if changed and not rounding:
                number = None
            if number is None:
                out_of_domain.append(row)
            elif changed:
                shortened.append(row)
        found.append(number)
    merged = values.scatter(open_rows, pl.Series(found, dtype=DECIMAL))
    masks = (_mask(rows, len(text)) for rows in (malformed, out_of_domain, shortened))
    return Parsed(merged, *masks)


def _quantize(value: str) -> tuple[Decimal | None, bool]:
    """The number at 18 decimals and whether that changed it; None outside 20 integer digits."""
    number = Decimal(value)
    # An exponent can ask for a billion zeros: look at the magnitude before writing it out.
    if number and number.adjusted() >= INTEGER_DIGITS:
        return None, False
    if number and number.adjusted() < -SCALE - 1:
        return Decimal(0), True
    result = number.quantize(_QUANTUM, context=_CONTEXT)
    if abs(result) >= _LIMIT:
        return None, False
    return result, result != number


def _mask(rows: list[int], height: int) -> pl.Series:
    mask = pl.repeat(False, height, dtype=pl.Boolean, eager=True)
    return mask.scatter(rows, True) if rows else mask
