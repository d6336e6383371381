"""A replay buffer of Stable-Baselines3 over a replay memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.replay.extras import needed
from cryptoscalp.replay.memory_protocol import Memory, new_episodes
from cryptoscalp.replay.replay_types import Batch

with needed("stable_baselines3", "sb3"):
    # First: it brings the other two, so that what is missing is named once.
    from stable_baselines3.common.buffers import ReplayBuffer
    from stable_baselines3.common.type_aliases import ReplayBufferSamples

    from cryptoscalp.replay.space_fit import actions_of, states_of
    from cryptoscalp.replay.torch_data import update_last


class DurableReplayBuffer(ReplayBuffer):
    """Takes the place of SB3's ReplayBuffer in DQN, DDPG, TD3, SAC and what derives from them.

        DQN(..., gamma=0.99, replay_buffer_class=DurableReplayBuffer,
            replay_buffer_kwargs={"memory": memory})

    How many experiences are kept is up to the memory's tiers, not to `buffer_size`. What was
    recorded by an earlier process is drawn from the start. Samples carry the memory's discounts
    (gamma ** steps), which the algorithms multiply the next value by in place of their own gamma:
    give both the same. The algorithms of SB3 neither weigh their loss nor report TD errors; one
    that does finds the weights in `last_batch` and calls `update_priorities` after `sample`.

    `episodes`: numbers for the episodes, by default random ones. Raises InputError where a space
    does not fit the memory (`space_fit`; a Discrete observation is its number here, which SB3
    itself makes one-hot), and for optimize_memory_usage, as the memory decides how it keeps what
    it keeps.
    """

    def __init__(
        self,
        buffer_size: int,
        observation_space: Any,
        action_space: Any,
        device: Any = "auto",
        n_envs: int = 1,
        optimize_memory_usage: bool = False,
        handle_timeout_termination: bool = True,
        *,
        memory: Memory,
        episodes: Iterator[int] | None = None,
    ) -> None:
        if optimize_memory_usage:
            raise InputError("optimize_memory_usage is not for a DurableReplayBuffer; leave it out")
        # Not ReplayBuffer's own, which would reserve buffer_size experiences.
        super(ReplayBuffer, self).__init__(
            buffer_size, observation_space, action_space, device, n_envs=n_envs
        )
        self.optimize_memory_usage = False
        self.handle_timeout_termination = handle_timeout_termination
        self.memory = memory
        #: What `sample` drew last, with importance weights and memory_ids.
        self.last_batch: Batch | None = None
        self._states = states_of(observation_space, memory.shape, one_hot=False)
        self._actions = actions_of(action_space, memory.shape)
        self._numbers = new_episodes() if episodes is None else episodes
        self._episodes = np.array([next(self._numbers) for _ in range(n_envs)], np.int64)
        self._steps = np.zeros(n_envs, np.int64)

    def size(self) -> int:
        """How many experiences the memory holds."""
        return len(self.memory)

    def reset(self) -> None:
        """Begin new episodes. Nothing is deleted: the memory outlives the algorithm."""
        self.last_batch = None
        for at in range(self.n_envs):
            self._begin(at)

    def add(
        self,
        obs: npt.NDArray[Any],
        next_obs: npt.NDArray[Any],
        action: npt.NDArray[Any],
        reward: npt.NDArray[Any],
        done: npt.NDArray[Any],
        infos: list[dict[str, Any]],
    ) -> None:
        """Add one step of each of the n_envs environments, durably, in one call of the memory.

        With handle_timeout_termination a step that a time limit cut (`TimeLimit.truncated` in its
        info) is no terminal one, so that the value of its next state counts.
        """
        ended = np.asarray(done).reshape(self.n_envs).astype(np.bool_)
        cut = np.zeros(self.n_envs, np.bool_)
        if self.handle_timeout_termination:
            cut |= [bool(info.get("TimeLimit.truncated", False)) for info in infos]
        self.memory.add(
            self._states(obs),
            self._actions(action),
            np.asarray(reward, np.float64).reshape(self.n_envs),
            self._states(next_obs),
            ended & ~cut,
            truncations=ended & cut,
            episodes=self._episodes.copy(),
            steps=self._steps.copy(),
        )
        self._steps += 1
        for at in np.flatnonzero(ended):
            self._begin(int(at))

    def sample(self, batch_size: int, env: Any = None) -> ReplayBufferSamples:
        """Draw from the memory; `env` is the VecNormalize to normalize by, if there is one.

        Rewards of several steps are summed first and normalized, and clipped, as one. Tensors on
        the buffer's device: observations, next_observations (n, *observation shape) in
        the space's dtype (float32 for float64), actions (n, action_dim), dones, rewards and
        discounts float32 (n, 1).
        """
        batch = self.last_batch = self.memory.sample(batch_size)
        return ReplayBufferSamples(
            *map(
                self.to_torch,
                (
                    self._normalize_obs(self._seen(batch.states), env),
                    batch.actions.reshape(len(batch), self.action_dim),
                    self._normalize_obs(self._seen(batch.next_states), env),
                    batch.terminals.astype(np.float32).reshape(-1, 1),
                    self._normalize_reward(
                        batch.rewards.astype(np.float32).reshape(-1, 1), env
                    ),
                    batch.discounts.astype(np.float32).reshape(-1, 1),
                ),
            )
        )  # fmt: skip

    def update_priorities(self, td_errors: Any) -> None:
        """Set the TD errors, (n,) or (n, 1), of what `sample` drew last.

        Raises InputError where nothing was drawn, or for another number of them.
        """
        update_last(self.memory, self.last_batch, td_errors)

    def _begin(self, at: int) -> None:
        self._episodes[at], self._steps[at] = next(self._numbers), 0

    def _seen(self, states: npt.NDArray[np.float32]) -> npt.NDArray[Any]:
        """States as observations."""
        space = self.observation_space
        shaped = states.reshape(len(states), *self.obs_shape)
        return shaped if np.issubdtype(space.dtype, np.floating) else shaped.astype(space.dtype)
