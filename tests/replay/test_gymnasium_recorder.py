"""The recorder: every step once, whole, in its order, whatever the environment does after it."""

from __future__ import annotations

from itertools import count
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces

from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.replay.gymnasium_recorder import Recorder
from cryptoscalp.replay.replay_types import ActionKind, Mode, Sampling, Shape
from cryptoscalp.replay.space_fit import actions_of, states_of
from tests.replay.walks import MemoryFactory, Walk, held

DISCRETE = Shape(2, ActionKind.DISCRETE)
PLAIN = Sampling(mode=Mode.UNIFORM)


def test_each_step_is_recorded_as_it_was(memory_factory: MemoryFactory) -> None:
    memory = memory_factory(DISCRETE, PLAIN)
    with Recorder(Walk(goal=5), memory) as env:
        env.reset()
        for action in (2, 0, 3):
            env.step(action)
    assert [one[:5] for one in held(memory)] == [
        ((0.0, 0.0), 2, 2.0, (2.0, 1.0), False),
        ((2.0, 1.0), 0, 0.0, (2.0, 2.0), False),
        ((2.0, 2.0), 3, 3.0, (5.0, 3.0), True),
    ]


def test_steps_are_added_every_so_many_and_at_the_end_of_an_episode(
    memory_factory: MemoryFactory,
) -> None:
    memory = memory_factory(DISCRETE, PLAIN)
    env = Recorder(Walk(goal=2, limit=4), memory, every=3)
    env.reset()
    sizes = []
    for action in (0, 0, 0, 0):
        env.step(action)
        sizes.append(len(memory))
    assert sizes == [0, 0, 3, 4]
    env.reset()
    env.step(2)
    assert len(memory) == 5
    env.reset()
    env.step(0)
    env.reset()
    assert len(memory) == 6
    env.step(0)
    assert len(memory) == 6
    env.flush()
    assert len(memory) == 7
    env.step(0)
    env.close()
    assert len(memory) == 8
    assert env.unwrapped.closed  # type: ignore[attr-defined]


def test_a_cut_episode_is_not_at_its_end(memory_factory: MemoryFactory) -> None:
    memory = memory_factory(DISCRETE, PLAIN)
    with Recorder(Walk(limit=2), memory) as env:
        env.reset()
        env.step(0)
        assert env.step(0)[2:4] == (False, True)
        with pytest.raises(InputError, match="no episode is under way"):
            env.step(0)
    assert [one.terminal for one in held(memory)] == [False, False]


def test_episodes_are_kept_apart(memory_factory: MemoryFactory) -> None:
    """Sums of two steps stop where another episode begins, which their numbers tell."""
    memory = memory_factory(DISCRETE, Sampling(mode=Mode.UNIFORM, n_step=2, gamma=0.5))
    with Recorder(Walk(goal=3), memory, episodes=count(7)) as env:
        for actions in ((1,), (1, 2)):
            env.reset()
            for action in actions:
                env.step(action)
    assert [(one.reward, one.next_state, one.terminal) for one in held(memory)] == [
        (1.0, (1.0, 1.0), False),
        (1 + 0.5 * 2, (3.0, 2.0), True),
        (2.0, (3.0, 2.0), True),
    ]


def test_an_action_is_recorded_as_it_was_when_it_was_taken(memory_factory: MemoryFactory) -> None:
    memory = memory_factory(Shape(3, ActionKind.CONTINUOUS, 1), PLAIN)
    action = np.zeros(1, np.float32)
    with Recorder(gymnasium.make("Pendulum-v1"), memory) as env:
        env.reset()
        for number in (0.25, 0.5):
            action[:] = number
            env.step(action)
        action[:] = 2.0
    assert [one.action for one in held(memory)] == [[0.25], [0.5]]


def test_times_and_regimes_come_from_the_infos(memory_factory: MemoryFactory) -> None:
    memory = memory_factory(DISCRETE, PLAIN)
    with Recorder(
        Walk(goal=9), memory,
        timestamp_of=lambda info: int(info["at"]), regime_of=lambda info: info["regime"],
    ) as env:  # fmt: skip
        env.reset()
        for _ in range(5):
            env.step(1)
    assert [one.state for one in held(memory)] == [(float(n), float(n)) for n in range(5)]


def test_a_step_before_a_reset_is_refused(memory_factory: MemoryFactory) -> None:
    env = Recorder(Walk(), memory_factory(DISCRETE, PLAIN))
    with pytest.raises(InputError, match=r"call reset\(\) first"):
        env.step(0)


def test_every_is_one_at_least(memory_factory: MemoryFactory) -> None:
    with pytest.raises(InputError, match="every 0 must be 1 or more steps"):
        Recorder(Walk(), memory_factory(DISCRETE, PLAIN), every=0)


def test_a_space_that_does_not_fit_is_refused_at_once(memory_factory: MemoryFactory) -> None:
    with pytest.raises(InputError, match=r"has 2 numbers, a state of the buffer 3"):
        Recorder(Walk(), memory_factory(Shape(3, ActionKind.DISCRETE), PLAIN))
    with pytest.raises(InputError, match="do not fit a buffer of CONTINUOUS actions"):
        Recorder(Walk(), memory_factory(Shape(2, ActionKind.CONTINUOUS, 1), PLAIN))


def test_an_environment_of_gymnasium_is_recorded(memory_factory: MemoryFactory) -> None:
    memory = memory_factory(Shape(3, ActionKind.CONTINUOUS, 1), PLAIN)
    with Recorder(gymnasium.make("Pendulum-v1"), memory, every=7) as env:
        seen, _ = env.reset(seed=3)
        env.action_space.seed(3)
        walked = []
        for _ in range(20):
            action = env.action_space.sample()
            after, reward, *_ = env.step(action)
            walked.append((seen.tolist(), action.tolist(), float(reward), after.tolist()))
            seen = after
    found = [
        (list(one.state), one.action, one.reward, list(one.next_state)) for one in held(memory)
    ]
    assert found == walked


@pytest.mark.parametrize(
    ("space", "width", "seen", "states"),
    [
        (spaces.Box(0, 9, (2, 2)), 4, [[[1, 2], [3, 4]]], [[1, 2, 3, 4]]),
        (spaces.Box(0, 9, ()), 1, [4.0, 5.0], [[4], [5]]),
        (spaces.Discrete(3, start=5), 1, [5, 7], [[5], [7]]),
        (spaces.Discrete(3, start=5), 3, [5, 7], [[1, 0, 0], [0, 0, 1]]),
    ],
)
def test_observations_are_flattened(
    space: spaces.Space[Any], width: int, seen: Any, states: list[list[float]]
) -> None:
    found = states_of(space, Shape(width, ActionKind.DISCRETE))(np.array(seen))
    assert found.dtype == np.float32
    assert found.tolist() == states


@pytest.mark.parametrize(
    ("space", "width", "one_hot", "message"),
    [
        (spaces.Discrete(3), 2, True, r"Discrete\(3\) is 1 or 3 numbers wide, .* buffer 2"),
        (spaces.Discrete(3), 3, False, r"Discrete\(3\) is 1 numbers wide, .* buffer 3"),
        (spaces.Discrete(2**24 + 2), 1, True, "numbers wide"),
        (spaces.MultiBinary(3), 3, True, "MultiBinary cannot be .*FlattenObservation"),
    ],
)
def test_other_observations_are_refused(
    space: spaces.Space[Any], width: int, one_hot: bool, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        states_of(space, Shape(width, ActionKind.DISCRETE), one_hot=one_hot)


def test_actions_fit_or_are_refused() -> None:
    continuous = Shape(1, ActionKind.CONTINUOUS, 2)
    taken = actions_of(spaces.Box(-1, 1, (1, 2)), continuous)(np.array([[0.5, 1.0]]))
    assert taken.dtype == np.float32
    assert taken.tolist() == [[0.5, 1.0]]
    with pytest.raises(InputError, match="has 3 numbers, one of the buffer 2"):
        actions_of(spaces.Box(-1, 1, (3,)), continuous)
    with pytest.raises(InputError, match=r"MultiDiscrete.* do not fit a buffer of DISCRETE"):
        actions_of(spaces.MultiDiscrete([2, 2]), Shape(1, ActionKind.DISCRETE))
