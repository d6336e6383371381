"""The arena holds what was put into it, where it was put, and refuses what cannot be held."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.replay.arena import Arena
from cryptoscalp.replay.replay_types import ActionKind, Mode, Sampling, Shape
from tests.replay.experiences import SHAPE, experiences, filled

CAPACITIES = [6, 0, 20, 3, 9, 40]


class Lives(RuleBasedStateMachine):
    """Any sequence of puts, removals, moves, updates and draws beside a plain dictionary."""

    def __init__(self) -> None:
        super().__init__()
        self.arena = Arena(SHAPE, CAPACITIES, [1.0] * 6, Sampling(alpha=1.0, eps=0.0), 1)
        self.held: dict[int, tuple[int, float]] = {}  # memory: tier, priority
        self.slots: dict[int, int] = {}
        self.late = 0

    def room(self, tier: int) -> int:
        return CAPACITIES[tier] - sum(at == tier for at, _ in self.held.values())

    @rule(
        ids=st.sets(st.integers(0, 150), min_size=1, max_size=12),
        tier=st.integers(0, 5),
        priority=st.floats(1e-9, 1e9),
    )
    def put(self, ids: set[int], tier: int, priority: float) -> None:
        columns = experiences(sorted(ids), priorities=np.full(len(ids), priority))
        if ids & self.held.keys() or len(ids) > self.room(tier):
            with pytest.raises(InputError):
                self.arena.put(columns, [tier] * len(ids))
            return
        slots = self.arena.put(columns, [tier] * len(ids))
        self.held |= dict.fromkeys(ids, (tier, priority))
        self.slots |= dict(zip(sorted(ids), slots.tolist(), strict=True))

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        ids = data.draw(st.sets(st.sampled_from(sorted(self.held)), max_size=10))
        self.arena.remove(sorted(ids))
        for one in ids:
            del self.held[one]

    @precondition(lambda self: self.held)
    @rule(data=st.data(), tier=st.integers(0, 5))
    def move(self, data: st.DataObject, tier: int) -> None:
        ids = data.draw(st.sets(st.sampled_from(sorted(self.held)), max_size=10))
        coming = sum(self.held[one][0] != tier for one in ids)
        if coming > self.room(tier):
            with pytest.raises(InputError, match="no room"):
                self.arena.move(sorted(ids), [tier] * len(ids))
            return
        self.arena.move(sorted(ids), [tier] * len(ids))
        self.held |= {one: (tier, self.held[one][1]) for one in ids}

    @precondition(lambda self: self.slots)
    @rule(data=st.data())
    def update(self, data: st.DataObject) -> None:
        known = st.tuples(st.sampled_from(sorted(self.slots)), st.floats(1e-9, 1e9))
        given = data.draw(st.lists(known, max_size=10))
        ids = [one for one, _ in given]
        slots = [self.slots[one] for one in ids]
        applied = self.arena.update(ids, slots, [priority for _, priority in given])
        assert applied.tolist() == [one in self.held for one in ids]
        self.late += len(ids) - int(applied.sum())
        self.held |= {one: (self.held[one][0], p) for one, p in given if one in self.held}

    @precondition(lambda self: self.held)
    @rule()
    def sample(self) -> None:
        batch = self.arena.sample(16)
        for at, one in enumerate(batch.memory_ids.tolist()):
            assert self.held[one][0] == batch.tiers[at]
            assert self.slots[one] == batch.slots[at]
            assert batch.states[at].tolist() == [one, one + 0.25, one + 0.5]
            assert batch.next_states[at].tolist() == [-one, -one - 0.25, -one - 0.5]
            assert (batch.actions[at], batch.rewards[at]) == (one % 5, one / 8)

    @invariant()
    def same(self) -> None:
        held = self.arena.select()
        rows = zip(held.memory_ids.tolist(), held.tiers.tolist(), held.priorities.tolist(),
                   strict=True)  # fmt: skip
        assert {one: (tier, priority) for one, tier, priority in rows} == self.held
        assert held.slots.tolist() == [self.slots[one] for one in held.memory_ids.tolist()]
        assert self.arena.find(sorted(self.held)).tolist() == [
            self.slots[one] for one in sorted(self.held)
        ]
        gone = sorted(self.slots.keys() - self.held.keys())
        assert (self.arena.find(gone) == -1).all()
        assert self.arena.room.tolist() == [self.room(tier) for tier in range(6)]
        assert self.arena.stale == self.late
        tree = self.arena._tree
        for tier in range(6):
            weights = [p for at, p in self.held.values() if at == tier]
            assert tree.totals[tier] == pytest.approx(math.fsum(weights), rel=1e-12)
        before = tree._sums.tobytes()
        tree.rebuild()
        assert tree._sums.tobytes() == before


Lives.TestCase.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
TestLives = Lives.TestCase


def test_a_draw_is_counted_and_an_error_kept() -> None:
    arena = filled([1.0, 2.0, 3.0])
    held = arena.select()
    assert held.draws.tolist() == [0, 0, 0]
    assert np.isnan(held.td_errors).all()
    batch = arena.sample(300)
    held = arena.select()
    assert held.draws.tolist() == np.bincount(batch.memory_ids).tolist()
    arena.update([0, 1], arena.find([0, 1]), [0.5, 0.75])
    arena.update([1], arena.find([1]), [0.1], td_errors=[-0.25])
    assert arena.select().td_errors.tolist()[:2] == [0.5, 0.25]
    arena.update([0], arena.find([0]), [1e200])
    assert arena.select().td_errors[0] == math.inf


def test_what_was_known_of_an_experience_is_put_back_with_it() -> None:
    arena = Arena(SHAPE, [4], [1.0], Sampling())
    arena.put(experiences([3, 4], regimes=np.array([2, -1], np.int8)), [0, 0],
              draws=[7, 0], td_errors=[0.5, math.nan])  # fmt: skip
    held = arena.select()
    assert (held.draws.tolist(), held.regimes.tolist()) == ([7, 0], [2, -1])
    assert held.td_errors[0] == 0.5
    assert held.timestamps.tolist() == [3_000_000, 4_000_000]
    assert held.rewards.tolist() == [3 / 8, 4 / 8]
    assert len(held) == len(arena) == 2


def test_draws_that_are_not_one_each_change_nothing() -> None:
    arena = Arena(SHAPE, [4], [1.0], Sampling())
    for known in ({"draws": [1, 2, 3]}, {"td_errors": [0.5]}):
        with pytest.raises(InputError, match="for each of 2"):
            arena.put(experiences([3, 4]), [0, 0], **known)
    assert len(arena) == 0
    assert arena.find([3, 4]).tolist() == [-1, -1]


def test_an_update_that_comes_too_late_is_left_out_and_counted() -> None:
    arena = filled([1.0, 2.0])
    batch = arena.sample(2)
    arena.remove([0])
    (slot,) = arena.put(experiences([9]), [0]).tolist()
    assert slot == 0  # the row of memory 0
    applied = arena.update([0, 1, 1, 5, 1], [0, 1, -1, 10**6, 0], [8.0] * 5)
    assert applied.tolist() == [False, True, False, False, False]
    assert arena.stale == 4
    assert dict(zip(arena.select().memory_ids.tolist(), arena.select().priorities.tolist(),
                    strict=True)) == {9: 1.0, 1: 8.0}  # fmt: skip
    assert len(batch) == 2


def test_the_later_of_duplicates_in_an_update_wins() -> None:
    arena = filled([1.0, 1.0], sampling=Sampling(alpha=1.0, eps=0.0))
    arena.update([0, 0, 0], [0, 0, 0], [5.0, 9.0, 3.0])
    assert arena.select().priorities.tolist() == [3.0, 1.0]
    assert arena._tree.totals[0] == 4.0


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf, 0.0, -1.0, 1e300])
def test_a_priority_that_cannot_be_changes_nothing(mode: Mode, wrong: float) -> None:
    arena = filled([1.0, 2.0], sampling=Sampling(mode), capacities=[9])
    before = arena._tree._sums.tobytes()
    with pytest.raises(InputError, match="row 2: priority"):
        arena.update([0, 1], [0, 1], [4.0, wrong])
    with pytest.raises(InputError, match="row 2: priority"):
        arena.put(experiences([5, 6], priorities=np.array([1.0, wrong])), [0, 0])
    assert arena.select().priorities.tolist() == [1.0, 2.0]
    assert np.isnan(arena.select().td_errors).all()
    assert arena._tree._sums.tobytes() == before
    assert arena.stale == 0


@pytest.mark.parametrize("name", ["states", "next_states", "rewards"])
@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_none_is_refused_with_its_row(name: str, wrong: float) -> None:
    arena = Arena(SHAPE, [8], [1.0], Sampling())
    columns = experiences([1, 2, 3])
    getattr(columns, name)[2] = wrong
    with pytest.raises(InputError, match=f"row 3: {name} have NaN or infinity"):
        arena.put(columns, [0, 0, 0])
    assert len(arena) == 0


def test_the_greatest_numbers_there_are_can_be_held() -> None:
    arena = Arena(SHAPE, [1], [1.0], Sampling())
    greatest = np.finfo(np.float32).max
    arena.put(experiences([1], states=np.full((1, 3), -greatest, np.float32)), [0])
    assert arena.sample(1).states.tolist() == [[-greatest] * 3]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"states": np.zeros((2, 4), np.float32)}, "states have the shape"),
        ({"rewards": np.zeros(3)}, "rewards have the shape"),
        ({"actions": np.zeros((2, 1), np.int64)}, "actions have the shape"),
        ({"memory_ids": np.array([4, 4])}, "row 2: memory 4 is held already, or given twice"),
        ({"memory_ids": np.array([4, 1])}, "row 2: memory 1 is held already"),
    ],
)
def test_columns_that_do_not_fit_are_refused(given: dict[str, Any], message: str) -> None:
    arena = filled([1.0, 1.0, 1.0], capacities=[9])
    with pytest.raises(InputError, match=message):
        arena.put(replace(experiences([4, 5]), **given), [0, 0])
    assert len(arena) == 3


@pytest.mark.parametrize("tiers", [[0], [0, 2], [0, -1], [[0, 0]]])
def test_tiers_that_are_none_are_refused(tiers: Any) -> None:
    arena = filled([1.0, 1.0], [0, 1], capacities=[5, 5])
    with pytest.raises(InputError, match="give one tier, from 0 to 1, for each of 2"):
        arena.put(experiences([4, 5]), tiers)
    with pytest.raises(InputError, match="give one tier, from 0 to 1, for each of 2"):
        arena.move([0, 1], tiers)


def test_every_memory_is_found_in_tables_that_are_as_full_as_they_get() -> None:
    arena = Arena(SHAPE, [4_096], [1.0], Sampling(), 1)
    rng = np.random.default_rng(3)
    here = rng.choice(100_000, 4_096, replace=False)
    arena.put(experiences(here), np.zeros(4_096))
    for _ in range(20):
        gone, stays = np.split(rng.permutation(here), [1_000])
        arena.remove(gone)
        assert (arena.find(gone) == -1).all()
        assert (arena.find(stays) >= 0).all()
        new = np.setdiff1d(rng.choice(100_000, 5_200, replace=False), stays)[:1_000]
        arena.put(experiences(new), np.zeros(len(new)))
        here = np.concatenate((stays, new))
        found = arena.find(here)
        assert arena._mirror.records["memory_id"][found].tolist() == here.tolist()


def test_a_memory_that_is_not_here_cannot_go() -> None:
    arena = filled([1.0, 1.0])
    for ids, message in (([0, 7], "memory 7 is not here"), ([0, 0], "given twice")):
        with pytest.raises(InputError, match=message):
            arena.remove(ids)
        with pytest.raises(InputError, match=message):
            arena.move(ids, [0, 0])
    assert len(arena) == 2


def test_full_tiers_can_exchange_experiences() -> None:
    arena = filled([1.0, 2.0, 3.0, 4.0], [0, 0, 1, 1], Sampling(alpha=1.0, eps=0.0))
    with pytest.raises(InputError, match="tier 1 of 2 has no room for 1 of the experiences"):
        arena.move([0], [1])
    arena.move([0, 3], [1, 0])
    assert arena.select().tiers.tolist() == [1, 0, 1, 0]
    assert arena._tree.totals.tolist() == [6.0, 4.0]


@pytest.mark.parametrize("mode", list(Mode))
def test_the_highest_priority_is_that_of_what_is_held(mode: Mode) -> None:
    arena = Arena(SHAPE, [4], [1.0], Sampling(mode), 0)
    assert arena.highest_priority == 1.0
    arena.put(experiences([0, 1], priorities=np.array([0.25, 0.5])), [0, 0])
    assert arena.highest_priority == 0.5
    arena.update([0], [0], [7.0])
    assert arena.highest_priority == 7.0
    arena.update([0, 1], [0, 1], [0.125, 0.25])  # as many changes as rows: made anew
    assert arena.highest_priority == 0.25
    arena.remove([0, 1])
    assert arena.highest_priority == 1.0


def test_continuous_actions_are_kept() -> None:
    arena = Arena(Shape(3, ActionKind.CONTINUOUS, 2), [4], [1.0], Sampling(), 0)
    actions = np.array([[0.5, -1.0], [2.0, 3.0]], np.float32)
    arena.put(replace(experiences([0, 1]), actions=actions), [0, 0])
    batch = arena.sample(8)
    assert batch.actions.dtype == np.float32
    assert batch.actions.tolist() == actions[batch.memory_ids].tolist()
    actions[1, 0] = math.nan
    with pytest.raises(InputError, match="row 2: actions"):
        arena.put(replace(experiences([5, 6]), actions=actions), [0, 0])


def test_a_batch_is_contiguous_and_of_the_types_it_says() -> None:
    batch = filled([1.0, 2.0], [0, 1]).sample(5)
    types = {"states": "f4", "next_states": "f4", "actions": "i8", "rewards": "f8", "tiers": "i1",
             "terminals": "?", "discounts": "f8", "weights": "f8", "probabilities": "f8",
             "memory_ids": "i8", "slots": "i8"}  # fmt: skip
    for name, kind in types.items():
        array = getattr(batch, name)
        assert array.dtype == np.dtype(kind), name
        assert array.flags.c_contiguous, name
        assert len(array) == 5, name


@pytest.mark.parametrize(("n", "beta"), [(0, None), (-1, None), (4, -0.5), (4, math.nan)])
def test_a_draw_that_cannot_be_is_refused(n: int, beta: float | None) -> None:
    with pytest.raises(InputError, match=r"draw 1 to 1,000,000 at once|it is a number from 0"):
        filled([1.0]).sample(n, beta)


def test_an_empty_arena_cannot_be_drawn_from() -> None:
    with pytest.raises(InputError, match="no tier holds an experience"):
        Arena(SHAPE, [4, 0], [1.0, 1.0], Sampling()).sample(1)
    with pytest.raises(InputError, match="every tier has weight 0"):
        Arena(SHAPE, [4, 0], [0.0, 0.0], Sampling())
    with pytest.raises(InputError, match="tier weights"):
        Arena(SHAPE, [4, 0], [1.0], Sampling())


def test_columns_of_no_experiences_change_nothing() -> None:
    arena = filled([1.0])
    assert arena.put(experiences([]), []).tolist() == []
    assert arena.update([], [], []).tolist() == []
    arena.remove([])
    arena.move([], [])
    assert len(arena) == 1
