"""Draws by the database."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from cryptoscalp import AsyncDatabase
from cryptoscalp.infra.db.errors import InputError, NotFound
from cryptoscalp.replay.replay_types import ActionKind
from tests.replay.stored import START, declared, six, stored


async def test_probabilities_and_rows(db: AsyncDatabase) -> None:
    made = await declared(db, tiers=six(weights=(1, 3, 5, 0, 0, 0)))
    priorities = np.array([1.0, 2.0, 4.0, 1.0, 9.0])
    tiers = np.array([1, 1, 1, 2, 2])
    columns = await stored(db, made, range(5), tiers, priorities=priorities)
    found = await db.replay.sample("x", 4_000, alpha=1.0)
    assert found.column("draw").to_pylist() == list(range(1, 4_001))
    ids = found.column("memory_id").to_numpy()
    # Tier 3 is empty: its share falls to the others.
    p = np.array([1 / 7, 2 / 7, 4 / 7, 0.1, 0.9]) * np.where(tiers == 1, 1 / 4, 3 / 4)
    assert found.column("probability").to_numpy() == pytest.approx(p[ids], rel=1e-5)
    assert found.column("weight").to_numpy() == pytest.approx((p.min() / p)[ids], rel=1e-5)
    counted = np.bincount(ids, minlength=5)
    # Five standard deviations: once in a million runs.
    assert (abs(counted - 4_000 * p) < 5 * np.sqrt(4_000 * p * (1 - p))).all()
    assert found.schema.field("state").type == pa.list_(pa.float32(), 3)
    states = found.column("state").combine_chunks().flatten().to_numpy().reshape(-1, 3)
    assert (states == columns.states[ids]).all()
    assert (found.column("action").to_numpy() == columns.actions[ids]).all()
    at = found.column("timestamp").cast(pa.int64()).to_numpy()
    assert (at == START + ids * 1_000_000).all()
    assert (found.column("tier").to_numpy() == tiers[ids]).all()
    only = await db.replay.sample("x", 50, tier_weights=[0, 1, 0, 0, 0, 0])
    assert set(only.column("tier").to_pylist()) == {2}


async def test_actions_of_several_numbers(db: AsyncDatabase) -> None:
    made = await declared(db, actions=ActionKind.CONTINUOUS, action_width=2)
    await stored(db, made, [7], actions=np.array([[0.5, -2.0]], np.float32))
    found = await db.replay.sample("x", 3)
    assert found.column("action").to_pylist() == [[0.5, -2.0]] * 3
    assert found.schema.field("action").type == pa.list_(pa.float32(), 2)


async def test_nothing_can_be_drawn_of_nothing(db: AsyncDatabase) -> None:
    await declared(db)
    with pytest.raises(InputError, match="none can be drawn"):
        await db.replay.sample("x", 3)
    with pytest.raises(NotFound):
        await db.replay.sample("y", 3)


@pytest.mark.parametrize(
    "given",
    [
        {"n": 0},
        {"alpha": -1.0},
        {"alpha": float("nan")},
        {"tier_weights": [1, 1]},
        {"tier_weights": [0] * 6},
        {"tier_weights": [1, 1, 1, 1, 1, float("inf")]},
    ],
)
async def test_what_cannot_be_drawn(db: AsyncDatabase, given: dict[str, Any]) -> None:
    await declared(db)
    with pytest.raises(InputError):
        await db.replay.sample("x", **{"n": 1} | given)
