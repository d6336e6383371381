"""Calendar windows in UTC and their buckets."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptoscalp.analytics.windows import (
    PERIODS,
    STEP_S,
    Period,
    Step,
    bucket_begin_s,
    ended_s,
    pieces,
    restart_s,
    window_of,
    windows,
)
from cryptoscalp.trading.grid_types import Moments


def seconds(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("period", "at", "begins", "ends"),
    [
        ("1h", "2024-08-08T12:59:00", "2024-08-08T12:00", "2024-08-08T13:00"),
        ("1d", "2024-08-08T00:00:00", "2024-08-08", "2024-08-09"),
        ("1w", "2024-08-08T12:00:00", "2024-08-05", "2024-08-12"),
        ("1w", "2024-08-05T00:00:00", "2024-08-05", "2024-08-12"),
        ("1w", "2024-08-04T23:00:00", "2024-07-29", "2024-08-05"),
        ("1M", "2024-12-31T23:00:00", "2024-12-01", "2025-01-01"),
        ("1M", "2024-02-29T00:00:00", "2024-02-01", "2024-03-01"),
    ],
)
def test_windows_of_the_calendar(period: Period, at: str, begins: str, ends: str) -> None:
    found = window_of(period, seconds(at))
    assert [found.begins_s, found.ends_s] == [seconds(begins), seconds(ends)]


def test_clocks_that_are_set_make_no_window_shorter() -> None:
    """The day on which Berlin's clocks are set forward has 24 hours in UTC."""
    berlin = datetime(2024, 3, 31, 3, 30, tzinfo=ZoneInfo("Europe/Berlin"))
    assert bucket_begin_s(berlin, "1h") == seconds("2024-03-31T01:00")
    window = window_of("1d", bucket_begin_s(berlin, "1m"))
    assert window.ends_s - window.begins_s == 86_400
    assert ended_s(berlin, "1m") == seconds("2024-03-31T01:30")


def test_the_end_of_a_bucket_is_in_it_and_its_start_is_not() -> None:
    noon = datetime(2024, 8, 8, 12, tzinfo=UTC)
    assert bucket_begin_s(noon, "1m") == seconds("2024-08-08T11:59")
    assert bucket_begin_s(noon.replace(microsecond=1), "1m") == seconds("2024-08-08T12:00")
    assert restart_s(noon, "1m") == seconds("2024-08-08")
    assert restart_s(datetime(2024, 8, 2, tzinfo=UTC), "1h") == seconds("2024-07-29")
    assert restart_s(datetime(2024, 8, 9, tzinfo=UTC), "1h") == seconds("2024-08-01")


@given(
    st.integers(1_700_000_000, 1_750_000_000),
    st.integers(2, 3_000),
    st.sampled_from(tuple(STEP_S)),
)
def test_every_bucket_is_in_one_window(start: int, count: int, step: Step) -> None:
    length = STEP_S[step]
    moments = Moments(start // length * length, length, count)
    for period in PERIODS[step]:
        places = []
        for window, first, last in windows(period, moments):
            for place in range(first + 1, last + 1):
                ends = moments.start_s + place * length
                assert window.begins_s < ends <= window.ends_s
                places.append(place)
        assert places == list(range(1, count))


@given(st.integers(0, 40_000), st.sampled_from(tuple(STEP_S)))
def test_pieces_cover_a_range_once(buckets: int, step: Step) -> None:
    length = STEP_S[step]
    end = buckets * length
    reached = 0
    for one in pieces(0, end, step):
        assert one.start_s == reached
        assert one.count >= 2
        reached = one.start_s + (one.count - 1) * length
    assert reached == end
