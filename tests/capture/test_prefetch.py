"""Items made ahead: in order, no more than asked, ended when nobody wants them."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from cryptoscalp.capture.prefetch import Prefetch


def test_all_items_in_order() -> None:
    ahead = Prefetch(iter(range(200)))
    taken = []
    while (item := ahead.take()) is not None:
        taken.append(item)
    assert taken == list(range(200))
    assert ahead.take() is None
    ahead.close()


def test_an_error_comes_in_its_place() -> None:
    def items() -> Iterator[int]:
        yield 1
        yield 2
        raise OSError("torn")

    ahead = Prefetch(items())
    assert [ahead.take(), ahead.take()] == [1, 2]
    with pytest.raises(OSError, match="torn"):
        ahead.take()
    assert ahead.take() is None
    ahead.close()


def test_only_a_few_are_made_ahead() -> None:
    made: list[int] = []

    def items() -> Iterator[int]:
        for item in range(100):
            made.append(item)
            yield item

    ahead = Prefetch(items(), ahead=2)
    time.sleep(0.2)
    assert len(made) <= 3
    ahead.take()
    time.sleep(0.2)
    assert len(made) <= 4
    ahead.close()


def test_closing_ends_the_thread_and_the_iterator() -> None:
    before = threading.active_count()
    ahead = Prefetch(iter(range(10**9)))
    ahead.take()
    ahead.close()
    ahead.close()
    assert threading.active_count() == before
