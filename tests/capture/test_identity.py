"""Event identity as pure rules, against the obvious way to say the same."""

from __future__ import annotations

from collections import Counter

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from cryptoscalp.capture.identity import (
    FIRST_ORDINAL,
    Int64s,
    Stored,
    already_stored,
    repeated,
    runs,
    segments,
    surplus,
)
from tests.capture.brute import id_runs

# Few ids and times, so that equal ids with near and far times are common.
_EVENT = st.tuples(st.integers(-3, 8), st.integers(-12, 12), st.sampled_from([0, 1, 2, 5]))
_EVENTS = st.lists(_EVENT, max_size=25)
_CONTENT = st.sampled_from(["a", "b", None])


def _columns(events: list[tuple[int, int, int]]) -> tuple[Int64s, Int64s, Int64s]:
    made = np.array(events, dtype=np.int64).reshape(-1, 3)
    return made[:, 0].copy(), made[:, 1].copy(), made[:, 2].copy()


@given(events=_EVENTS, held=st.lists(st.tuples(st.integers(-3, 8), st.integers(-12, 12))))
def test_an_event_is_stored_when_its_id_is_near_in_time(
    events: list[tuple[int, int, int]], held: list[tuple[int, int]]
) -> None:
    stored = np.array(held, dtype=np.int64).reshape(-1, 2)
    found = already_stored(*_columns(events), Stored(stored[:, 0], stored[:, 1]))
    expected = [
        any(other == one and abs(stamp - time) <= window for other, stamp in held)
        for one, time, window in events
    ]
    assert found.tolist() == expected


@given(events=_EVENTS)
def test_an_event_repeats_an_earlier_kept_one(events: list[tuple[int, int, int]]) -> None:
    kept: list[tuple[int, int]] = []
    expected = []
    for one, time, window in events:
        twin = any(other == one and abs(stamp - time) <= window for other, stamp in kept)
        expected.append(twin)
        if not twin:
            kept.append((one, time))
    assert repeated(*_columns(events)).tolist() == expected


@given(events=st.lists(_EVENT, min_size=1, max_size=25))
def test_segments_hold_every_window_and_nothing_between_them(
    events: list[tuple[int, int, int]],
) -> None:
    _, times, windows = _columns(events)
    low, high = segments(times, windows)
    wanted = {
        moment for _, time, window in events for moment in range(time - window, time + window + 1)
    }
    asked = [
        moment for first, last in zip(low, high, strict=True) for moment in range(first, last + 1)
    ]
    assert set(asked) == wanted
    assert len(asked) == len(set(asked))


@given(
    rows=st.lists(st.tuples(st.integers(0, 3), _CONTENT), max_size=15),
    held=st.lists(st.tuples(st.integers(0, 3), _CONTENT), max_size=15),
)
def test_of_equal_contents_only_the_surplus_is_new(
    rows: list[tuple[int, str | None]], held: list[tuple[int, str | None]]
) -> None:
    schema = {"timestamp": pl.Int64, "side": pl.String, "sequence": pl.Int64}
    # Of the stored ones some have ids of the venue: they are passed over in the numbering.
    numbered = [
        (time, side, 10 * n if n % 3 == 0 else FIRST_ORDINAL + 10 * n)
        for n, (time, side) in enumerate(held, start=1)
    ]
    batch = pl.DataFrame([(*row, None) for row in rows], schema=schema, orient="row")
    stored = pl.DataFrame(numbered, schema=schema, orient="row")
    left = Counter(held)
    highest: dict[int, int] = {}
    for time, _, number in numbered:
        if number < 0:
            highest[time] = max(number, highest.get(time, number))
    expected = []
    for row in rows:
        if left[row] > 0:
            left[row] -= 1
            continue
        highest[row[0]] = highest.get(row[0], FIRST_ORDINAL - 1) + 1
        expected.append((*row, highest[row[0]]))
    assert surplus(batch, stored, ["side"]).rows() == expected
    again = surplus(batch, pl.concat([stored, surplus(batch, stored, ["side"])]), ["side"])
    assert again.is_empty()


@given(ids=st.lists(st.integers(0, 30), max_size=30, unique=True), reverse=st.booleans())
def test_runs_are_of_consecutive_ids_with_the_span_of_their_times(
    ids: list[int], reverse: bool
) -> None:
    times = {one: (one * 7) % 11 for one in ids}
    order = sorted(ids, reverse=reverse)
    given_ids = np.array(order, dtype=np.int64)
    found = runs(given_ids, np.array([times[one] for one in order], dtype=np.int64))
    assert [(first, last) for first, last, *_ in found] == id_runs(ids)
    for first, last, low, high in found:
        inside = [times[one] for one in ids if first <= one <= last]
        assert (low, high) == (min(inside), max(inside))


def test_a_repeated_id_is_one_of_a_run() -> None:
    ids = np.array([5, 6, 6, 7, 9], dtype=np.int64)
    assert runs(ids, ids * 10) == [(5, 7, 50, 70), (9, 9, 90, 90)]
