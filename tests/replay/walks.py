"""A small environment, and what a memory holds of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, SupportsFloat

import gymnasium
import numpy as np
from gymnasium import spaces

from cryptoscalp.replay.memory_protocol import Memory

#: Makes an empty memory: of a `Shape`, and a `Sampling` where the default one will not do.
MemoryFactory = Callable[..., Memory]


class Walk(gymnasium.Env[Any, Any]):
    """State (place, steps taken), one array written over; the reward is the action.

    It ends at `goal`, and is cut after `limit` steps. Infos: `at`, microseconds, and `regime`.
    """

    observation_space = spaces.Box(-100, 100, (2,), np.float32)
    action_space = spaces.Discrete(4)

    def __init__(self, goal: int = 5, limit: int = 1_000) -> None:
        self.goal, self.limit, self.now = goal, limit, 1_700_000_000_000_000
        self.closed = False
        self.state = np.zeros(2, np.float32)

    def _info(self) -> dict[str, Any]:
        return {"at": self.now, "regime": "CRISIS" if self.state[0] >= 3 else None}

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        self.state[:] = 0
        self.now += 1_000
        return self.state, self._info()

    def step(self, action: Any) -> tuple[Any, SupportsFloat, bool, bool, dict[str, Any]]:
        self.state += (int(action), 1)
        self.now += 1
        ended = bool(self.state[0] >= self.goal)
        return self.state, float(action), ended, bool(self.state[1] >= self.limit), self._info()

    def close(self) -> None:
        self.closed = True


class Experience(NamedTuple):
    """One of a batch, as plain numbers."""

    state: tuple[float, ...]
    action: Any
    reward: float
    next_state: tuple[float, ...]
    terminal: bool
    discount: float


def held(memory: Memory) -> list[Experience]:
    """All that a memory holds, in the order in which it was added; every one is drawn sometime."""
    found: dict[int, Experience] = {}
    for _ in range(1_000):
        if len(found) == len(memory):
            return [found[one] for one in sorted(found)]
        batch = memory.sample(64)
        for at, memory_id in enumerate(batch.memory_ids.tolist()):
            found[memory_id] = Experience(
                tuple(batch.states[at].tolist()), batch.actions[at].tolist(),
                float(batch.rewards[at]), tuple(batch.next_states[at].tolist()),
                bool(batch.terminals[at]), float(batch.discounts[at]),
            )  # fmt: skip
    raise AssertionError(f"{len(found)} of {len(memory)} were drawn in 64,000 draws")
