"""Cells of a table as the values that chunks hold, whole columns at a time."""

from __future__ import annotations

from typing import Final

import polars as pl

_SIDES: Final = {
    "buy": "BUY",
    "b": "BUY",
    "bid": "BUY",
    "sell": "SELL",
    "s": "SELL",
    "ask": "SELL",
}
#: What files write where the venue did not say who the aggressor was.
_NO_SIDE: Final = ("any", "unknown", "none", "null", "na", "n/a", "-", "?")
#: The buyer was the maker, so the seller was the aggressor.
_MAKERS: Final = {
    "true": "SELL",
    "t": "SELL",
    "1": "SELL",
    "1.0": "SELL",
    "false": "BUY",
    "f": "BUY",
    "0": "BUY",
    "0.0": "BUY",
}
_EXACT_FLOAT: Final = 2**53


def plain(cells: pl.Series, nothing: tuple[str, ...] = ("",)) -> pl.Series:
    """Text without blanks around it, null where it means no value; other types as they are."""
    if cells.dtype.is_numeric() or cells.dtype.is_temporal() or cells.dtype == pl.Boolean:
        return cells
    text = cells.cast(pl.String).str.strip_chars(" \t\r")
    empty = text.is_in(nothing)
    return text.set(empty, None) if empty.any() else text


def text(cells: pl.Series) -> pl.Series:
    """Names and words."""
    return cells.cast(pl.String)


def number(cells: pl.Series) -> pl.Series:
    """Prices and sizes: text as the source wrote them, or Float64 where the source holds floats."""
    if not cells.dtype.is_float() or cells.dtype == pl.Float64:
        return cells if cells.dtype == pl.Float64 else cells.cast(pl.String)
    # By its shortest text: widening 0.1 of 32 bits would give 0.10000000149011612.
    return cells.cast(pl.String).cast(pl.Float64)


def whole(cells: pl.Series) -> pl.Series:
    """Ids and counts as Int64; null where there is none, or one that is no such number (a UUID)."""
    if cells.dtype.is_float():
        exact = (cells == cells.floor()) & (cells.abs() <= _EXACT_FLOAT)
        numbers = cells.set(~exact, None).cast(pl.Int64, strict=False)
    else:
        numbers = cells.cast(pl.Int64, strict=False)
    if cells.dtype == pl.String and numbers.null_count() > cells.null_count():
        # A column of ids with holes becomes 123.0 in many programs.
        numbers = cells.str.strip_suffix(".0").cast(pl.Int64, strict=False)
    negative = numbers < 0
    return numbers.set(negative, None) if negative.any() else numbers


def side(cells: pl.Series, how: str) -> pl.Series:
    """The aggressor, BUY or SELL, null where it is not said; any other word stays as it is.

    `how` is "word" or "buyer_maker", as in `Layout.side`.
    """
    words = cells.cast(pl.String)
    known = words.str.to_lowercase()
    if how == "buyer_maker":
        return known.replace_strict(_MAKERS, default=words, return_dtype=pl.String)
    found = known.replace_strict(_SIDES, default=words, return_dtype=pl.String)
    unsaid = known.is_in(_NO_SIDE)
    return found.set(unsaid, None) if unsaid.any() else found
