"""Calendar windows in UTC, and the buckets they are made of; times are whole seconds since 1970."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal, TypeAlias, assert_never

from cryptoscalp.trading.grid_types import Moments

Period: TypeAlias = Literal["1h", "1d", "1w", "1M", "all"]
Step: TypeAlias = Literal["1m", "1h", "1d"]

STEP_S: Final[dict[Step, int]] = {"1m": 60, "1h": 3_600, "1d": 86_400}
#: The periods whose buckets are of that length.
PERIODS: Final[dict[Step, tuple[Period, ...]]] = {
    "1m": ("1h", "1d"),
    "1h": ("1w", "1M"),
    "1d": ("all",),
}
#: Buckets a year of 365 days, by period.
PER_YEAR: Final[dict[Period, float]] = {
    period: 365 * 86_400 / STEP_S[step] for step, periods in PERIODS.items() for period in periods
}
#: Moments that are valued at once.
MOST_MOMENTS: Final = 10_080
_DAY_S: Final = 86_400
_WEEK_S: Final = 7 * _DAY_S
#: 1970-01-01 was a Thursday; weeks begin on Monday.
_MONDAY_S: Final = 4 * _DAY_S
_FOREVER_S: Final = 2**52


@dataclass(frozen=True, slots=True)
class Window:
    """A window (begins_s, ends_s] of a period: what happens at its first moment is not in it."""

    period: Period
    begins_s: int
    ends_s: int


def window_of(period: Period, bucket_begins_s: int) -> Window:
    """The window that has the bucket which begins at a moment."""
    match period:
        case "1h" | "1d":
            length = 3_600 if period == "1h" else _DAY_S
            begins = bucket_begins_s // length * length
            return Window(period, begins, begins + length)
        case "1w":
            begins = (bucket_begins_s - _MONDAY_S) // _WEEK_S * _WEEK_S + _MONDAY_S
            return Window(period, begins, begins + _WEEK_S)
        case "1M":
            day = datetime.fromtimestamp(bucket_begins_s, UTC)
            following = (day.year + day.month // 12, day.month % 12 + 1)
            return Window(period, _first_s(day.year, day.month), _first_s(*following))
        case "all":
            return Window(period, 0, _FOREVER_S)
        case _:
            assert_never(period)


def windows(period: Period, moments: Moments) -> Iterator[tuple[Window, int, int]]:
    """The windows that buckets of a grid fall into, with the places of their first and last moment.

    The buckets of a window are those that end after its first place, up to its last one.
    """
    place = 0
    while place < moments.count - 1:
        window = window_of(period, moments.start_s + place * moments.step_s)
        last = min(moments.count - 1, (window.ends_s - moments.start_s) // moments.step_s)
        yield window, place, last
        place = last


def bucket_begin_s(moment: datetime, step: Step) -> int:
    """The start of the bucket (start, end] that a moment is in."""
    length = STEP_S[step]
    whole, rest = divmod(moment.timestamp(), length)
    # Exactly at the end of a bucket is still in it.
    return int(whole - (1 if not rest and not moment.microsecond else 0)) * length


def ended_s(until: datetime, step: Step) -> int:
    """The end of the last bucket that has ended."""
    length = STEP_S[step]
    return int(until.timestamp() // length) * length


def restart_s(since: datetime, step: Step) -> int:
    """From where windows have to be reckoned again when something changed at a moment."""
    begins = bucket_begin_s(since, step)
    if step == "1d":
        return 0
    return min(window_of(period, begins).begins_s for period in PERIODS[step])


def pieces(start_s: int, end_s: int, step: Step) -> Iterator[Moments]:
    """The grid from a moment to another one in pieces that share their end and beginning."""
    length = STEP_S[step]
    while start_s < end_s:
        count = min(MOST_MOMENTS, (end_s - start_s) // length + 1)
        yield Moments(start_s, length, count)
        start_s += (count - 1) * length


def _first_s(year: int, month: int) -> int:
    return int(datetime(year, month, 1, tzinfo=UTC).timestamp())
