"""Rows without ids are handed on by whole moments, whatever the chunks and the order."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from cryptoscalp.capture.chunk import TRADE_COLUMNS, Chunk, empty_quotes
from cryptoscalp.capture.moments import Raw, between_moments, whole_moments
from cryptoscalp.capture.prepare import Prepared, prepare

_NOON = datetime(2024, 8, 8, 12, tzinfo=UTC)
_NOW_US = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000


def _parts(stamps: list[list[int]], *, with_id: bool = False) -> Iterator[tuple[Prepared, Raw]]:
    """Chunks of trades at these seconds past noon; the line is the place in the file."""
    line = 0
    for seconds in stamps:
        records = []
        for second in seconds:
            line += 1
            records.append(
                {
                    "timestamp": (int(_NOON.timestamp()) + second) * 1_000_000,
                    "received_at": None,
                    "exchange": "kraken",
                    "symbol": "XBTUSD",
                    "feed": "trade",
                    "sequence": line if with_id else None,
                    "price": "100",
                    "volume": "1",
                    "side": None,
                    "line": line,
                }
            )
        frame = pl.DataFrame(records, schema=TRADE_COLUMNS)
        chunk = Chunk(frame, empty_quotes(), (), {}, lambda n: b"row %d" % n, len(records))
        for part in prepare(chunk, now_us=_NOW_US):
            yield part, chunk.raw


def _seconds(part: Prepared) -> list[int]:
    return [(at - _NOON) // timedelta(seconds=1) for at in part.trades["timestamp"]]


@settings(deadline=None, max_examples=50)
@given(st.lists(st.lists(st.integers(0, 50), max_size=8), max_size=8))
def test_a_short_file_comes_out_at_once_in_any_order(stamps: list[list[int]]) -> None:
    out = list(whole_moments(_parts(stamps)))
    flat = [second for seconds in stamps for second in seconds]
    given_out = [_seconds(part) for part in out]
    assert [one for seconds in given_out for one in seconds] == flat
    assert sum(1 for seconds in given_out if seconds) <= 1
    assert not any(part.refused for part in out)


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.integers(0, 5_000), min_size=1, max_size=60),
    st.integers(1, 9),
    st.integers(1, 20),
    st.booleans(),
)
def test_a_long_file_in_time_order_never_splits_a_moment(
    seconds: list[int], size: int, held: int, newest_first: bool
) -> None:
    ordered = sorted(seconds, reverse=newest_first)
    stamps = [ordered[at : at + size] for at in range(0, len(ordered), size)]
    out = list(whole_moments(_parts(stamps), held_rows=held))
    assert not any(part.refused for part in out)
    seen: set[int] = set()
    for part in out:
        moments = set(_seconds(part))
        assert not moments & seen
        seen |= moments
    assert sorted(second for part in out for second in _seconds(part)) == sorted(seconds)


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.lists(st.integers(0, 5_000), min_size=1, max_size=9), min_size=1, max_size=9),
    st.integers(1, 20),
)
def test_what_comes_too_late_is_refused_and_nothing_is_lost(
    stamps: list[list[int]], held: int
) -> None:
    out = list(whole_moments(_parts(stamps), held_rows=held))
    flat = [second for seconds in stamps for second in seconds]
    refused = [reject for part in out for reject in part.refused]
    stored = [second for part in out for second in _seconds(part)]
    assert len(stored) + len(refused) == len(flat)
    for reject in refused:
        assert reject.reason == "out_of_order"
        assert reject.raw == b"row %d" % reject.line
        stored.append(flat[reject.line - 1])
    assert sorted(stored) == sorted(flat)
    seen: set[int] = set()
    for part in out:
        moments = set(_seconds(part))
        assert not moments & seen
        seen |= moments


def test_rows_with_ids_are_not_held() -> None:
    out = list(whole_moments(_parts([[1, 2], [2, 3]], with_id=True), held_rows=1))
    assert [_seconds(part) for part in out] == [[1, 2], [2, 3]]


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(0, 30), max_size=60), st.integers(1, 9))
def test_a_large_part_is_cut_between_moments(seconds: list[int], most: int) -> None:
    ((whole, _),) = list(_parts([seconds]))
    out = list(between_moments(whole, most=most))
    seen: set[int] = set()
    for part in out:
        moments = set(_seconds(part))
        assert not moments & seen
        seen |= moments
        # In the order of the file; over the limit only by what one moment has more.
        assert _seconds(part) == [one for one in seconds if one in moments]
        largest = max((seconds.count(one) for one in moments), default=0)
        assert len(_seconds(part)) < most + largest
    assert sorted(one for part in out for one in _seconds(part)) == sorted(seconds)
