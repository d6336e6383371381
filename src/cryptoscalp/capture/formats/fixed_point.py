"""NautilusTrader's fixed-point numbers as exact decimal text, whole columns at a time.

A number is a little-endian integer of 8 bytes in units of 1e-9, or of 16 bytes in units of 1e-16
(its high-precision mode). Sixteen such bytes are how Arrow stores a decimal of scale 16, so the
column is only given another name; nothing is computed.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

_SCALES: Final = {8: 9, 16: 16}
_WIDE: Final = 16
#: The upper half of 10^38: a decimal of 128 bits has at most 38 digits.
_LIMIT: Final = 10**38 >> 64


def decimals(cells: pl.Series, *, signed: bool) -> pl.Series:
    """Numbers as text; null where a cell is null or is not 8 or 16 bytes long.

    Takes a Binary column. Prices are signed, sizes are not.
    """
    sizes = cells.bin.size()
    width = 8 if (sizes == 8).any() else _WIDE
    known = (sizes == width).fill_null(False)
    whole = b"".join(cells.filter(known).to_list())
    if width == _WIDE:
        halves = np.frombuffer(whole, dtype="<u8").reshape(-1, 2)
    else:
        low = np.frombuffer(whole, dtype="<u8")
        sign = np.where(signed & (low >> 63 == 1), ~np.uint64(0), np.uint64(0))
        halves = np.stack([low, sign], axis=1)
    high = halves[:, 1].astype("<u8").view("<i8")
    # Beyond 38 digits, and unsigned beyond what is signed, it is no decimal any more.
    far = (high >= _LIMIT) | (high <= -_LIMIT)
    if not signed:
        far |= high < 0
    text = _text(np.where(far[:, None], 0, halves).astype("<u8"), _SCALES[width])
    if far.any():
        places = np.flatnonzero(far)
        exact = [_one(halves[place], _SCALES[width], signed=signed) for place in places]
        text = text.scatter(places.tolist(), exact)
    made = pl.repeat(None, len(cells), dtype=pl.String, eager=True)
    return made.scatter(known.arg_true(), text).alias(cells.name)


def _text(halves: npt.NDArray[np.uint64], scale: int) -> pl.Series:
    buffers = [None, pa.py_buffer(np.ascontiguousarray(halves))]
    numbers = pa.Array.from_buffers(pa.decimal128(38, scale), len(halves), buffers)
    return pl.Series(pl.from_arrow(numbers.cast(pa.string())), dtype=pl.String)


def _one(halves: npt.NDArray[np.uint64], scale: int, *, signed: bool) -> str:
    number = int.from_bytes(halves.tobytes(), "little", signed=signed)
    sign, digits = "-" if number < 0 else "", str(abs(number)).rjust(scale + 1, "0")
    return f"{sign}{digits[:-scale]}.{digits[-scale:]}"
