"""What the adapters to other libraries need of a replay memory."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any, Protocol

import numpy.typing as npt

from cryptoscalp.replay.replay_types import Batch, Bools, Float32s, Floats, Ints, Shape


class Memory(Protocol):
    """A replay memory; `memory.ReplayMemory` is one."""

    @property
    def shape(self) -> Shape:
        """The form of its experiences."""

    def __len__(self) -> int:
        """How many experiences it holds."""

    def add(
        self,
        states: Float32s,
        actions: npt.NDArray[Any],
        rewards: Floats,
        next_states: Float32s,
        terminals: Bools,
        *,
        truncations: Bools | None = None,
        episodes: Ints | None = None,
        steps: Ints | None = None,
        timestamps: Ints | None = None,
        next_timestamps: Ints | None = None,
        model: str | None = None,
        portfolio: str | None = None,
        regime: str | None = None,
    ) -> Ints:
        """Take in n experiences, one row each (see `Columns`); their memory_ids."""

    def sample(self, n: int, beta: float | None = None) -> Batch:
        """Draw n experiences."""

    def update(self, batch: Batch, td_errors: Floats) -> object:
        """Set the TD errors, float64 (n,), of drawn experiences, and with them their priorities."""


def new_episodes() -> Iterator[int]:
    """Numbers for episodes, drawn at random from 0 to 2**63 - 1.

    Counting from 0 would give an episode of one run, or of one process of several, the number of
    another's; among a billion random ones two are equal with a probability below 0.06.
    """
    while True:
        yield secrets.randbits(63)
