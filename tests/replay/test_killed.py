"""Kill -9 at random moments: nothing that was acknowledged is lost, doubled or different.

A few kills of each kind; `make campaign NAME=replay` does hundreds.
"""

from __future__ import annotations

import pytest

from campaigns import replay
from campaigns.replay_check import accounted
from campaigns.replay_log import Entry, Told, merge


@pytest.mark.parametrize("what", ["process", "recovery", "server"])
def test_killed(what: str) -> None:
    found = replay.killed(what, 3)
    assert found["passed"], found
    # On a busy machine it may be killed before its first call.
    assert found["kills"] == 3


def test_the_check_finds_what_is_wrong() -> None:
    told = Told(set(), {})
    entries = [
        Entry("add", True, [1, 2, 3, 0]),
        Entry("update", False, [1, 2], [0.5, 0.6]),
        Entry("update", True, [1, 2], [0.5, 0.6], [True, False]),
        Entry("update", False, [1, 3], [0.7, 0.8]),
    ]

    def faults(there: dict[int, float], gone: set[int]) -> list[str]:
        copy = Told(set(told.added), {k: set(v) for k, v in told.priorities.items()})
        return accounted(there, gone, copy, entries[-1])

    merge(told, entries)
    assert told == Told({1, 2, 3}, {1: {0.5, 0.7}})
    assert not faults({1: 0.5, 2: 1.0, 3: 1.0}, set())
    assert not faults({1: 0.7, 3: 0.8}, {2})
    assert faults({1: 0.5, 2: 1.0}, set()) == ["1 experiences are lost, 3 the first of them"]
    assert faults({1: 0.5, 2: 1.0, 3: 1.0}, {3}) == ["1 experiences that left are there again"]
    assert faults({1: 0.4, 2: 1.0, 3: 1.0}, set()) == [
        "priority of 1 is 0.4, not one of [0.5, 0.7]"
    ]
    assert faults({1: 0.5, 2: 1.0, 3: 1.0, 9: 1.0}, set()) == [
        "1 experiences are there that nobody added"
    ]
