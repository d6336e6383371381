"""The buffer of Stable-Baselines3: its own algorithms learn from it, and it outlives them."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces

from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.replay.replay_types import ActionKind, Mode, Sampling, Shape
from tests.replay.libraries import loaded
from tests.replay.walks import MemoryFactory, Walk, held

DISCRETE = Shape(2, ActionKind.DISCRETE)
PLAIN = Sampling(mode=Mode.UNIFORM)


@pytest.fixture
def library() -> Any:
    """Stable-Baselines3."""
    return loaded("stable_baselines3", "stable_baselines3")


@pytest.fixture
def sb3(library: Any) -> Any:
    """The module under test."""
    return loaded("cryptoscalp.replay.sb3", "stable_baselines3")


def made(sb3: Any, memory: Any, **options: Any) -> Any:
    """A buffer of the walk."""
    spaces_of = (Walk.observation_space, Walk.action_space)
    return sb3.DurableReplayBuffer(100, *spaces_of, "cpu", memory=memory, **options)


def states(*rows: tuple[float, float]) -> Any:
    return np.array(rows, np.float32)


def test_each_environment_has_its_own_episode(sb3: Any, memory_factory: MemoryFactory) -> None:
    memory = memory_factory(DISCRETE, Sampling(mode=Mode.UNIFORM, n_step=2, gamma=0.5))
    buffer = made(sb3, memory, n_envs=2)
    for step, ended in enumerate([(False, True), (False, False), (True, True)]):
        buffer.add(
            states((step, 0), (step, 1)), states((step + 1, 0), (step + 1, 1)), np.array([3, 1]),
            np.array([1.0, 10.0]), np.array(ended), [{}, {}],
        )  # fmt: skip
    assert buffer.size() == len(memory) == 6
    found = [(one.state, one.action, one.reward, one.terminal) for one in held(memory)]
    assert found == [
        ((0.0, 0.0), 3, 1.5, False), ((0.0, 1.0), 1, 10.0, True),
        ((1.0, 0.0), 3, 1.5, True), ((1.0, 1.0), 1, 15.0, True),
        ((2.0, 0.0), 3, 1.0, True), ((2.0, 1.0), 1, 10.0, True),
    ]  # fmt: skip


@pytest.mark.parametrize(("handled", "terminal"), [(True, [False, True]), (False, [True, True])])
def test_a_time_limit_is_no_end_where_that_is_asked_for(
    sb3: Any, memory_factory: MemoryFactory, handled: bool, terminal: list[bool]
) -> None:
    memory = memory_factory(DISCRETE, PLAIN)
    buffer = made(sb3, memory, n_envs=2, handle_timeout_termination=handled)
    two = states((0, 0), (1, 1))
    infos = [{"TimeLimit.truncated": True}, {"TimeLimit.truncated": False}]
    buffer.add(two, two, np.array([[0], [1]]), np.ones(2), np.array([True, True]), infos)
    assert [one.terminal for one in held(memory)] == terminal


def test_samples_are_what_the_algorithms_take(
    library: Any, sb3: Any, memory_factory: MemoryFactory
) -> None:
    memory = memory_factory(DISCRETE, PLAIN)
    buffer = made(sb3, memory)
    own = library.common.buffers.ReplayBuffer(100, Walk.observation_space, Walk.action_space, "cpu")
    for each in (buffer, own):
        each.add(states((0, 0)), states((1, 1)), np.array([1]), np.ones(1), np.zeros(1), [{}])
    ours, theirs = buffer.sample(5), own.sample(5)
    for name in ("observations", "actions", "next_observations", "dones", "rewards"):
        one, other = getattr(ours, name), getattr(theirs, name)
        assert (one.dtype, one.tolist()) == (other.dtype, other.tolist()), name
    assert ours.discounts.tolist() == [[pytest.approx(0.99)]] * 5
    assert buffer.last_batch.weights.shape == (5,)


@pytest.mark.long
def test_samples_are_normalized_by_the_environment(
    library: Any, sb3: Any, memory_factory: MemoryFactory
) -> None:
    vec = library.common.vec_env
    env = vec.VecNormalize(vec.DummyVecEnv([Walk]))
    env.reset()
    for _ in range(9):
        env.step([2])
    buffer = made(sb3, memory_factory(DISCRETE, PLAIN))
    buffer.add(states((4, 2)), states((6, 3)), np.array([2]), np.full(1, 2.0), np.zeros(1), [{}])
    found = buffer.sample(3, env)
    assert found.observations[0].tolist() == pytest.approx(env.normalize_obs(states((4, 2)))[0])
    assert found.next_observations[0].tolist() == pytest.approx(
        env.normalize_obs(states((6, 3)))[0]
    )
    assert found.rewards[0].item() == pytest.approx(env.normalize_reward(np.array([2.0]))[0])


def test_dqn_learns_from_it_with_several_environments(
    library: Any, sb3: Any, memory_factory: MemoryFactory
) -> None:
    memory = memory_factory(Shape(4, ActionKind.DISCRETE), Sampling())
    env = library.common.env_util.make_vec_env("CartPole-v1", n_envs=2, seed=0)
    options = {
        "replay_buffer_class": sb3.DurableReplayBuffer,
        "replay_buffer_kwargs": {"memory": memory},
        "learning_starts": 40, "batch_size": 16, "seed": 0, "device": "cpu",
    }  # fmt: skip
    model = library.DQN("MlpPolicy", env, **options)
    before = [one.detach().clone() for one in model.policy.q_net.parameters()]
    model.learn(120)
    after = list(model.policy.q_net.parameters())
    assert any(not one.equal(other) for one, other in zip(before, after, strict=True))
    assert len(memory) == 120
    model.replay_buffer.update_priorities(np.linspace(0, 1, 16))
    # Another algorithm goes on with what the first one saw, from its first step.
    assert library.DQN("MlpPolicy", env, **options).replay_buffer.size() == 120


def test_sac_learns_from_it(library: Any, sb3: Any, memory_factory: MemoryFactory) -> None:
    memory = memory_factory(Shape(3, ActionKind.CONTINUOUS, 1), Sampling())
    model = library.SAC(
        "MlpPolicy", gymnasium.make("Pendulum-v1"), seed=0, device="cpu", batch_size=8,
        learning_starts=10, replay_buffer_class=sb3.DurableReplayBuffer,
        replay_buffer_kwargs={"memory": memory},
    )  # fmt: skip
    model.learn(30)
    assert len(memory) == 30
    assert model.replay_buffer.last_batch is not None


def test_a_discrete_observation_is_its_number(sb3: Any, memory_factory: MemoryFactory) -> None:
    memory = memory_factory(Shape(1, ActionKind.DISCRETE), PLAIN)
    buffer = sb3.DurableReplayBuffer(9, spaces.Discrete(5), spaces.Discrete(2), memory=memory)
    buffer.add(np.array([3]), np.array([4]), np.array([1]), np.ones(1), np.zeros(1), [{}])
    found = buffer.sample(2)
    assert (found.observations.tolist(), found.next_observations.tolist()) == ([[3]] * 2, [[4]] * 2)
    assert not found.observations.is_floating_point()


def test_nothing_of_it_is_deleted_by_a_reset(sb3: Any, memory_factory: MemoryFactory) -> None:
    memory = memory_factory(DISCRETE, PLAIN)
    buffer = made(sb3, memory)
    buffer.add(states((0, 0)), states((1, 1)), np.array([1]), np.ones(1), np.zeros(1), [{}])
    buffer.sample(1)
    buffer.reset()
    assert buffer.size() == 1
    with pytest.raises(InputError, match="no batch was drawn yet"):
        buffer.update_priorities([1.0])


def test_what_it_cannot_be_is_refused(sb3: Any, memory_factory: MemoryFactory) -> None:
    memory = memory_factory(DISCRETE, PLAIN)
    with pytest.raises(InputError, match="optimize_memory_usage is not for"):
        made(sb3, memory, optimize_memory_usage=True)
    with pytest.raises(InputError, match="has 3 numbers, a state of the buffer 2"):
        sb3.DurableReplayBuffer(9, spaces.Box(0, 1, (3,)), spaces.Discrete(2), memory=memory)
