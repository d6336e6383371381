"""What a caller adds: checked, and brought to the columns of a buffer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from time import time_ns
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.replay.replay_types import ActionKind, Bools, Floats, Ints, Shape

#: 2009-01-03, before which no event can be, in µs since 1970.
EARLIEST_US: Final = 1_230_940_800_000_000
_MOST_EXACT: Final = 2**53
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def matrix(given: npt.ArrayLike, width: int, what: str) -> npt.NDArray[np.float32]:
    """States as float32 (n, width); InputError for another width, NaN, infinity, no numbers."""
    raw = _array(given, what)
    if raw.ndim == 1 and width == 1:
        raw = raw.reshape(-1, 1)
    if raw.ndim != 2 or raw.shape[1] != width:
        raise InputError(f"{what} have the shape {raw.shape}; this buffer takes (n, {width})")
    with np.errstate(over="ignore"):
        found = np.ascontiguousarray(raw, np.float32)
    wrong = ~np.isfinite(found).all(axis=1)
    if wrong.any():
        row = int(wrong.argmax())
        at = int((~np.isfinite(found[row])).argmax())
        raise InputError(
            f"{what}, row {row + 1}: number {at + 1} is {raw[row, at]}, which is no float32"
        )
    return found


def actions(given: npt.ArrayLike, shape: Shape, count: int) -> npt.NDArray[Any]:
    """Actions as int64 (n,) or float32 (n, action_width)."""
    if shape.action_kind is ActionKind.CONTINUOUS:
        raw = _array(given, "actions")
        if raw.ndim == 1 and len(raw) == count * shape.action_width:
            raw = raw.reshape(count, shape.action_width)
        return _sized(matrix(raw, shape.action_width, "actions"), count, "actions")
    raw = _array(given, "actions").reshape(-1)
    with np.errstate(invalid="ignore"):
        found = raw.astype(np.int64)
    wrong = (found != raw) | (np.abs(found) > _MOST_EXACT)
    if wrong.any():
        row = int(wrong.argmax())
        raise InputError(f"actions, row {row + 1}: {raw[row]} is no integer up to 2^53")
    return _sized(found, count, "actions")


#: Raw priorities: with every alpha up to 2 the sums of weights neither overflow nor vanish.
LOWEST_PRIORITY: Final = 1e-60
HIGHEST_PRIORITY: Final = 1e60


def priorities(given: npt.ArrayLike, count: int) -> Floats:
    """Raw priorities as float64 (n,); InputError for what is not from 1e-60 to 1e60."""
    found = numbers(given, count, "priorities")
    wrong = (found < LOWEST_PRIORITY) | (found > HIGHEST_PRIORITY)
    if wrong.any():
        row = int(wrong.argmax())
        raise InputError(f"priorities, row {row + 1}: {found[row]} is not from 1e-60 to 1e60")
    return found


def numbers(given: npt.ArrayLike, count: int, what: str) -> Floats:
    """A column of float64; InputError for NaN and infinity."""
    raw = _array(given, what)
    with np.errstate(over="ignore"):
        found = np.ascontiguousarray(raw.reshape(-1), np.float64)
    wrong = ~np.isfinite(found)
    if wrong.any():
        row = int(wrong.argmax())
        raise InputError(f"{what}, row {row + 1}: {raw.reshape(-1)[row]} is not a finite float64")
    return _sized(found, count, what)


def flags(given: npt.ArrayLike | None, count: int, what: str) -> Bools:
    """A column of booleans; None: all false."""
    if given is None:
        return np.zeros(count, np.bool_)
    raw = np.asarray(given).reshape(-1)
    if raw.dtype != np.bool_ and (
        raw.dtype.kind not in "iuf" or not ((raw == 0) | (raw == 1)).all()
    ):
        raise InputError(f"{what} must be true or false, one a row")
    return _sized(raw.astype(np.bool_), count, what)


def whole(given: npt.ArrayLike | None, count: int, what: str, *, otherwise: int, most: int) -> Ints:
    """A column of integers from 0 to `most`, or `otherwise` for None."""
    if given is None:
        return np.full(count, otherwise, np.int64)
    raw = np.asarray(given)
    found: Ints = np.full(count, raw) if raw.ndim == 0 else raw.reshape(-1)
    if raw.dtype.kind not in "iu" or (found < 0).any() or (found > most).any():
        raise InputError(f"{what} must be whole numbers from 0 to {most}, one a row")
    return _sized(found.astype(np.int64), count, what)


def moments(
    given: npt.ArrayLike | datetime | Sequence[datetime] | None, count: int, what: str
) -> Ints:
    """A column of moments as µs since 1970; None: now, for all.

    Takes µs since 1970, numpy's datetime64 (in UTC), and datetimes with a zone; one for all rows.
    """
    if given is None:
        return np.full(count, time_ns() // 1000, np.int64)
    if isinstance(given, datetime):
        given = [given] * count
    raw = np.asarray(given)
    if raw.dtype == object:
        if not all(isinstance(one, datetime) and one.tzinfo is not None for one in raw.flat):
            raise InputError(f"{what} must have a time zone")
        raw = np.array([_us(one) for one in raw.flat], np.int64)
    if raw.dtype.kind == "M":
        raw = raw.astype("datetime64[us]").astype(np.int64)
    if raw.dtype.kind not in "iu":
        raise InputError(f"{what} are {raw.dtype}; give µs since 1970, datetime64 or datetimes")
    found = np.broadcast_to(raw, (count,)).astype(np.int64) if raw.ndim == 0 else raw.astype(
        np.int64
    ).reshape(-1)  # fmt: skip
    latest = time_ns() // 1000 + 600_000_000
    wrong = (found < EARLIEST_US) | (found > latest)
    if wrong.any():
        row = int(wrong.argmax())
        raise InputError(
            f"{what}, row {row + 1}: {found[row]} µs since 1970 lies before 2009-01-03 or in the"
            " future"
        )
    return _sized(found, count, what)


def _us(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _array(given: npt.ArrayLike, what: str) -> npt.NDArray[Any]:
    try:
        found = np.asarray(given)
    except ValueError:
        raise InputError(f"{what} are ragged: every row must be of the same length") from None
    if found.dtype == object:
        try:
            found = found.astype(np.float64)
        except (TypeError, ValueError, OverflowError):
            raise InputError(f"{what} hold what is no number") from None
    if found.dtype.kind not in "biuf":
        raise InputError(f"{what} are {found.dtype}; they must be numbers")
    return found


def _sized(found: npt.NDArray[Any], count: int, what: str) -> npt.NDArray[Any]:
    if len(found) != count:
        raise InputError(f"{what} are {len(found)}; there must be {count}, one a row")
    return found
