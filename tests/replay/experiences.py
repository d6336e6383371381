"""Made-up experiences for the replay's tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from cryptoscalp.replay.arena import Arena
from cryptoscalp.replay.replay_types import ActionKind, Columns, Floats, Ints, Sampling, Shape

SHAPE = Shape(3, ActionKind.DISCRETE)


def experiences(ids: Sequence[int] | Ints, **given: Any) -> Columns:
    """Experiences whose states tell their memory; one episode each, where nothing else is given.

    State of memory m: (m, m + 1/4, m + 1/2); next state: the negative of it.
    """
    memory_ids = np.asarray(ids, np.int64)
    count = len(memory_ids)
    states = (memory_ids[:, None] + np.array([0.0, 0.25, 0.5])).astype(np.float32)
    columns: dict[str, Any] = {
        "memory_ids": memory_ids,
        "states": states,
        "actions": memory_ids % 5,
        "rewards": memory_ids / 8,
        "next_states": -states,
        "terminals": np.zeros(count, np.bool_),
        "truncations": np.zeros(count, np.bool_),
        "episodes": memory_ids + 1_000,
        "steps": np.zeros(count, np.int32),
        "timestamps": memory_ids * 1_000_000,
        "priorities": np.ones(count),
        "regimes": np.full(count, -1, np.int8),
    }
    return Columns(**columns | {name: np.asarray(value) for name, value in given.items()})


def filled(
    priorities: Sequence[float] | Floats,
    tiers: Sequence[int] | Ints | None = None,
    sampling: Sampling | None = None,
    *,
    capacities: Sequence[int] | None = None,
    tier_weights: Sequence[float] | None = None,
    seed: int | None = 7,
    **given: Any,
) -> Arena:
    """An arena with memories 0, 1, 2 ... of these priorities, in tier 0 where none is given."""
    count = len(priorities)
    into = np.zeros(count, np.int8) if tiers is None else np.asarray(tiers, np.int8)
    sizes = np.bincount(into).tolist() if capacities is None else capacities
    weights = [1.0] * len(sizes) if tier_weights is None else tier_weights
    made = Arena(SHAPE, sizes, weights, Sampling() if sampling is None else sampling, seed)
    made.put(experiences(range(count), priorities=np.asarray(priorities, float), **given), into)
    return made
