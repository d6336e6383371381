"""Buffers and experiences for tests of the replay memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import psycopg

from cryptoscalp import Database
from cryptoscalp.replay.replay_types import Buffer
from cryptoscalp.replay.tier_types import Tier
from tests.postgres import Place


def declared(
    db: Database,
    name: str,
    *,
    width: int,
    capacity: int = 1000,
    tiers: Sequence[Tier] | None = None,
) -> Buffer:
    """A buffer of states of so many numbers."""
    names = [f"feature_{n}" for n in range(width)]
    features = db.registry.register_feature_set("states", names)
    return db.replay.create_buffer(name, features.feature_set_id, capacity=capacity, tiers=tiers)


def experiences(count: int, *, width: int, seed: int = 0) -> dict[str, Any]:
    """Random experiences, as `add` takes them."""
    chance = np.random.default_rng(seed)
    states = chance.standard_normal((count, width), dtype=np.float32)
    return {
        "states": states,
        "actions": chance.integers(0, 4, count),
        "rewards": chance.standard_normal(count),
        "next_states": states + np.float32(1),
        "terminals": np.zeros(count, np.bool_),
    }


def stored(place: Place, query: str) -> list[tuple[Any, ...]]:
    """Rows of a query."""
    with psycopg.connect(place.dsn, options="-c timezone=UTC") as connection:
        return connection.execute(query.encode()).fetchall()
