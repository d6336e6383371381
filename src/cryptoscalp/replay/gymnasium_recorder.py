"""A Gymnasium wrapper that records every step of an environment in a replay memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple, SupportsFloat, TypeAlias

import numpy as np

from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.replay.extras import needed
from cryptoscalp.replay.memory_protocol import Memory, new_episodes
from cryptoscalp.replay.replay_types import Float32s
from cryptoscalp.replay.space_fit import actions_of, states_of

with needed("gymnasium", "gymnasium"):
    import gymnasium

Info: TypeAlias = Mapping[str, Any]


class _Step(NamedTuple):
    state: Float32s
    action: Any
    reward: float
    next_state: Float32s
    terminated: bool
    truncated: bool
    episode: int
    step: int
    timestamp: int | None
    next_timestamp: int | None
    regime: str | None


class Recorder(gymnasium.Wrapper[Any, Any, Any, Any]):
    """Passes everything on, and adds each step to `memory`.

    Steps are kept back and added together: `every` of them, those of an episode at its end, and
    the rest at `flush`, `reset` or `close`; a process that ends without `close` loses those kept
    back. An error of the memory is raised by the call that adds, and the steps stay kept back for
    the next one.

    `timestamp_of`: the time of the state, microseconds since 1970 UTC, from the info that came with
    it; without it the memory takes its own clock. `regime_of`: the name of the market's regime from
    that info, or None. `model`, `portfolio`: handed on to `memory.add`. `episodes`: numbers for the
    episodes, by default random ones.

    Raises InputError where the environment's spaces do not fit the memory (`space_fit`).
    """

    def __init__(
        self,
        env: gymnasium.Env[Any, Any],
        memory: Memory,
        *,
        every: int = 256,
        timestamp_of: Callable[[Info], int] | None = None,
        regime_of: Callable[[Info], str | None] | None = None,
        model: str | None = None,
        portfolio: str | None = None,
        episodes: Iterator[int] | None = None,
    ) -> None:
        if every < 1:
            raise InputError(f"every {every} must be 1 or more steps")
        super().__init__(env)
        self.memory, self.every = memory, every
        self.model, self.portfolio = model, portfolio
        self._timestamp_of, self._regime_of = timestamp_of, regime_of
        self._states = states_of(env.observation_space, memory.shape)
        self._actions = actions_of(env.action_space, memory.shape)
        self._episodes = new_episodes() if episodes is None else episodes
        self._kept: list[_Step] = []
        self._state: Float32s | None = None
        self._info: Info = {}
        self._episode = self._step = 0

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Begin an episode; one that was not at its end is left as it is."""
        self.flush()
        seen, info = self.env.reset(seed=seed, options=options)
        # A copy: environments may write the next observation into the same array.
        self._state, self._info = self._states(seen).copy(), dict(info)
        self._episode, self._step = next(self._episodes), 0
        return seen, info

    def step(self, action: Any) -> tuple[Any, SupportsFloat, bool, bool, dict[str, Any]]:
        """Take a step and keep it; InputError where no episode is under way."""
        if self._state is None:
            raise InputError("no episode is under way to record a step of; call reset() first")
        # As it is now: the environment, and its caller, may write into it.
        taken = self._actions(action).copy()
        seen, reward, terminated, truncated, info = self.env.step(action)
        following = self._states(seen).copy()
        self._kept.append(
            _Step(
                self._state, taken, float(reward), following, bool(terminated),
                bool(truncated), self._episode, self._step,
                self._timestamp(self._info), self._timestamp(info),
                None if self._regime_of is None else self._regime_of(self._info),
            )
        )  # fmt: skip
        self._step += 1
        ended = terminated or truncated
        self._state, self._info = None if ended else following, dict(info)
        if ended or len(self._kept) >= self.every:
            self.flush()
        return seen, reward, terminated, truncated, info

    def flush(self) -> None:
        """Add the steps that were kept back to the memory."""
        # One call of the memory is of one regime.
        runs = [(regime, list(run)) for regime, run in groupby(self._kept, lambda one: one.regime)]
        for regime, run in runs:
            self._add(run, regime)
            del self._kept[: len(run)]

    def close(self) -> None:
        """Add what was kept back, and close the environment, also where adding fails."""
        try:
            self.flush()
        finally:
            super().close()

    def _add(self, run: Sequence[_Step], regime: str | None) -> None:
        timed = self._timestamp_of is not None
        self.memory.add(
            np.concatenate([one.state for one in run]),
            np.concatenate([one.action for one in run]),
            np.array([one.reward for one in run], np.float64),
            np.concatenate([one.next_state for one in run]),
            np.array([one.terminated for one in run], np.bool_),
            truncations=np.array([one.truncated for one in run], np.bool_),
            episodes=np.array([one.episode for one in run], np.int64),
            steps=np.array([one.step for one in run], np.int64),
            timestamps=np.array([one.timestamp for one in run], np.int64) if timed else None,
            next_timestamps=(
                np.array([one.next_timestamp for one in run], np.int64) if timed else None
            ),
            model=self.model,
            portfolio=self.portfolio,
            regime=regime,
        )

    def _timestamp(self, info: Info) -> int | None:
        return None if self._timestamp_of is None else self._timestamp_of(info)
