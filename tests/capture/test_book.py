"""The local book: in step, out of step, and against a plain dictionary."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cryptoscalp.capture.venues.book import DepthUpdate, Level, LocalBook, Top


def spot(first: int, last: int, bids: list[Level] = [], asks: list[Level] = []) -> DepthUpdate:  # noqa: B006
    return DepthUpdate(first, last, None, bids, asks)


def futures(previous: int, last: int, bids: list[Level] = []) -> DepthUpdate:  # noqa: B006
    return DepthUpdate(previous + 7, last, previous, bids, [])


def loaded(at: int = 100) -> LocalBook:
    book = LocalBook()
    book.load(at, [("10.0", "1"), ("9.9", "2")], [("10.2", "3"), ("10.1", "4")])
    return book


def test_silent_before_a_snapshot() -> None:
    book = LocalBook()
    assert book.apply(spot(1, 5, [("10", "1")])) is None
    assert not book.in_step


def test_tells_the_top_when_it_changes_only() -> None:
    book = loaded()
    assert book.apply(spot(101, 102)) == Top(("10.0", "1"), ("10.1", "4"))
    assert book.apply(spot(103, 103, [("9.8", "5")])) is None
    assert book.apply(spot(104, 104, [("10.00", "1.0")])) is None  # the same number
    assert book.apply(spot(105, 106, [("10.0", "0.00")])) == Top(("9.9", "2"), ("10.1", "4"))
    assert book.apply(spot(107, 107, [], [("10.1", "5")])) == Top(("9.9", "2"), ("10.1", "5"))


def test_one_side_may_empty() -> None:
    top = loaded().apply(spot(101, 101, [("10.0", "0"), ("9.9", "0")]))
    assert top == Top(None, ("10.1", "4"))


def test_a_break_in_the_chain_silences_until_the_next_snapshot() -> None:
    book = loaded()
    assert book.apply(spot(101, 102)) is not None
    assert book.apply(spot(104, 105, [("10.05", "1")])) is None
    assert not book.in_step
    assert book.apply(spot(106, 107, [("10.06", "1")])) is None
    book.load(107, [("10.06", "1")], [("10.1", "4")])
    assert book.apply(spot(108, 108)) == Top(("10.06", "1"), ("10.1", "4"))


def test_futures_chain_follows_the_previous_id() -> None:
    book = loaded()
    assert book.apply(futures(90, 110, [("10.05", "1")])) == Top(("10.05", "1"), ("10.1", "4"))
    assert book.apply(futures(110, 130, [("10.06", "1")])) is not None
    assert book.apply(futures(131, 150, [("10.07", "1")])) is None


def test_catches_up_with_updates_that_came_before_the_snapshot() -> None:
    book = LocalBook()
    for update in (spot(95, 99), spot(100, 104, [("10.05", "1")]), spot(105, 105)):
        assert book.apply(update) is None
    book.load(100, [("10.0", "1")], [("10.1", "4")])
    assert book.apply(spot(106, 106)) == Top(("10.05", "1"), ("10.1", "4"))


def test_a_snapshot_with_updates_missing_after_it_does_not_start_the_book() -> None:
    book = LocalBook()
    book.apply(spot(110, 112))
    book.load(100, [("10.0", "1")], [("10.1", "4")])
    assert not book.in_step
    assert book.apply(spot(113, 113)) is None


def test_an_older_snapshot_does_not_disturb_a_book_in_step() -> None:
    book = loaded()
    book.apply(spot(101, 120, [("10.05", "1")]))
    book.load(50, [("1", "1")], [("2", "1")])
    assert book.apply(spot(121, 121, [("10.05", "2")])) == Top(("10.05", "2"), ("10.1", "4"))


@pytest.mark.parametrize("price", ["x", "1e5", "-1", "", "1.0000000000000000001", "\u0661"])
def test_a_level_that_is_no_number_changes_nothing(price: str) -> None:
    book = loaded()
    with pytest.raises(ValueError, match="plain number"):
        book.apply(spot(101, 101, [("10.05", "1"), (price, "1")]))
    assert book.apply(spot(101, 101)) == Top(("10.0", "1"), ("10.1", "4"))


level = st.tuples(st.integers(1, 30).map(str), st.sampled_from(["0", "0.0", "1", "2.5"]))


@given(st.lists(st.lists(level, max_size=6), min_size=1, max_size=30))
@settings(max_examples=200, deadline=None)
def test_agrees_with_a_plain_dictionary(messages: list[list[Level]]) -> None:
    book, plain = LocalBook(), {Decimal(10): "1"}
    book.load(0, [("10", "1")], [])
    shown: Level | None = None
    for number, bids in enumerate(messages, 1):
        for price, size in bids:
            if Decimal(size):
                plain[Decimal(price)] = size
            else:
                plain.pop(Decimal(price), None)
        top = book.apply(spot(number, number, bids))
        shown = top.bid if top else shown
        best = (str(max(plain)), plain[max(plain)]) if plain else None
        assert shown == best
