"""Decimals to float64, each to the nearest: `float(Decimal)` for whole columns.

A decimal(38, 18) is a whole number v of 10^-18. Where v is a multiple w of a power of ten and w
and the divisor that is left are exact as float64, one division rounds once and so to the nearest.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

#: Zeros at the end of v that are tried: prices have up to 8 decimals, some 14, few all 18.
_ZEROS: Final = (10, 4, 0)
#: Below this, the estimate of w is off by less than a half, so that rounding makes it exact.
_EXACT: Final = float(2**49)
#: Values that fit the first cache, with what is made of them.
_BLOCK: Final = 4096

_Floats = npt.NDArray[np.float64]
_Words = npt.NDArray[np.uint64]


def to_float64(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """The float64 nearest to each decimal128(38, 18), a tie to the even one; nulls stay."""
    return pa.chunked_array([_converted(chunk) for chunk in values.chunks], pa.float64())


def _converted(values: pa.Array) -> pa.Array:
    held = values.buffers()[1]
    words: _Words = np.frombuffer(held, np.uint64, 2 * len(values), values.offset * 16)
    made = np.empty(len(values))
    for start in range(0, len(values), _BLOCK):
        _block(words[2 * start : 2 * (start + _BLOCK)], made[start : start + _BLOCK])
    missing = np.asarray(values.is_null()) if values.null_count else None
    return pa.array(made, pa.float64(), mask=missing)


def _block(words: _Words, made: _Floats) -> None:
    """Convert pairs of words, the lower first, into `made`."""
    low, high = words[0::2], words[1::2].view(np.int64)
    left = np.flatnonzero(~_divided(low, high, _ZEROS[0], made))
    for zeros in _ZEROS[1:]:
        if not len(left):
            return
        found = np.empty(len(left))
        good = _divided(low[left], high[left], zeros, found)
        made[left[good]] = found[good]
        left = left[~good]
    for place in left:
        # Python divides whole numbers to the nearest.
        made[place] = ((int(high[place]) << 64) + int(low[place])) / 10**18


def _divided(
    low: _Words, high: npt.NDArray[np.int64], zeros: int, made: _Floats
) -> npt.NDArray[Any]:
    """Convert those values that end in so many zeros; returns which were."""
    unit = 10**zeros
    # w, estimated to within 2^-50 of itself; the lowest bit does not matter for that.
    np.multiply((low >> np.uint64(1)).view(np.int64), 2 / unit, out=made)
    made += high * (2.0**64 / unit)
    np.rint(made, out=made)
    with np.errstate(invalid="ignore"):
        whole = made.astype(np.int64)
    # v and w * 10^zeros are less than 2^63 apart, so that equal lower words mean equal numbers.
    whole *= unit
    good = whole.view(np.uint64) == low
    if not made.min() >= -_EXACT or not made.max() <= _EXACT:
        good &= np.abs(made) <= _EXACT
    made /= 10.0 ** (18 - zeros)
    return np.asarray(good)
