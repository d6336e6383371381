"""What leaves by hand, and by the rules where no memory is open, against plain Python."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from time import time
from typing import Any

import numpy as np
import pytest

from cryptoscalp import AsyncDatabase
from cryptoscalp.infra.db.errors import InputError, NotFound
from cryptoscalp.infra.db.locks import Lock
from cryptoscalp.replay.report_types import Pruned, Tidied
from cryptoscalp.replay.tier_defaults import default_tiers
from tests.postgres import Place
from tests.replay import tier_oracle
from tests.replay.stored import asked, declared, six, stored

DAY_US = 86_400_000_000


def held(place: Place) -> dict[int, int]:
    return dict(asked(place, "SELECT memory_id, tier FROM replay_priorities"))


async def test_every_bound_must_hold(db: AsyncDatabase, database: Place) -> None:
    made = await declared(db)
    other = await declared(db, "other")
    rng = np.random.default_rng(1)
    now = int(datetime.now(UTC).timestamp() * 1e6)
    ages = rng.permutation(40)
    priorities, tiers = rng.uniform(0, 2, 40), rng.integers(1, 4, 40)
    at = now - ages * DAY_US - DAY_US // 2
    await stored(db, made, range(40), tiers, timestamps=at, priorities=priorities)
    await stored(db, other, range(100, 110), 2, timestamps=at[:10], priorities=[0.1] * 10)
    expected = dict(enumerate(tiers.tolist()))

    async def pruned(**bounds: Any) -> int:
        done: Pruned = await db.replay.prune("x", **bounds)
        assert done.moved == 0
        return done.evicted

    def leave(leaving: list[int]) -> int:
        for one in leaving:
            del expected[one]
        return len(leaving)

    old = [one for one in expected if tiers[one] == 2 and ages[one] >= 30 and priorities[one] < 1.5]
    assert old
    assert await pruned(tier=2, older_than=timedelta(days=30), priority_below=1.5) == leave(old) > 0
    low = [one for one in expected if priorities[one] < 0.3]
    assert await pruned(priority_below=0.3) == leave(low) > 0
    newest = sorted((one for one in expected if tiers[one] == 3), key=lambda one: ages[one])
    assert await pruned(tier=3, keep=4) == leave(newest[4:]) > 0
    # Beyond the ten newest, and only what is older than 20 days of it.
    newest = sorted(expected, key=lambda one: ages[one])
    assert await pruned(older_than=timedelta(days=20), keep=10) == leave(
        [one for one in newest[10:] if ages[one] >= 20]
    )
    assert await pruned(keep=1_000) == 0
    assert {one: tier for one, tier in held(database).items() if one < 100} == expected
    assert len(held(database)) == len(expected) + 10
    assert await pruned(tier=1, keep=0) == leave([one for one in expected if tiers[one] == 1])
    assert {one: tier for one, tier in held(database).items() if one < 100} == expected
    reasons = asked(database, "SELECT DISTINCT reason, writer_id FROM replay_changes")
    assert ("prune: tier 2, older_than 30 days, 0:00:00, priority_below 1.5", None) in reasons
    assert ("prune: tier 1, keep 0", None) in reasons


async def test_ties_of_time_go_by_number(db: AsyncDatabase, database: Place) -> None:
    made = await declared(db)
    same = np.full(6, 1_750_000_000_000_000)
    await stored(db, made, [3, 1, 6, 2, 5, 4], timestamps=same)
    assert (await db.replay.prune("x", keep=2)).evicted == 4
    assert sorted(held(database)) == [5, 6]


async def test_in_pieces(
    db: AsyncDatabase, database: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cryptoscalp.replay.pruning.ROWS", 7)
    made = await declared(db)
    await stored(db, made, range(20), [1, 2] * 10)
    assert (await db.replay.prune("x", tier=2, keep=0)).evicted == 10
    assert sorted(held(database)) == list(range(0, 20, 2))
    sizes = asked(database, "SELECT cardinality(memory_ids) FROM replay_changes ORDER BY change_id")
    assert sizes == [(7,), (3,)]


@pytest.mark.parametrize(
    ("bounds", "said"),
    [
        ({}, "say which"),
        ({"tier": 1}, "say which"),
        ({"tier": 7, "keep": 1}, "1 to 6"),
        ({"keep": -1}, "0 or more"),
        ({"priority_below": 0.0}, "above 0"),
        ({"priority_below": float("nan")}, "above 0"),
        ({"older_than": timedelta(seconds=-1)}, "negative"),
    ],
)
async def test_what_cannot_be_asked(db: AsyncDatabase, bounds: dict[str, Any], said: str) -> None:
    await declared(db)
    with pytest.raises(InputError, match=said):
        await db.replay.prune("x", **bounds)
    with pytest.raises(NotFound):
        await db.replay.prune("y", keep=1)
    assert await db.replay.prune("x", older_than=timedelta(days=999_999_999)) == Pruned(0, 0)


async def test_an_open_memory_follows(db: AsyncDatabase, database: Place) -> None:
    made = await declared(db)
    await stored(db, made, range(1, 11))
    async with db.replay.memory("x", seed=1, rules_every_s=None) as memory:
        assert len(memory) == 10
        assert (await db.replay.prune("x", keep=3)).evicted == 7
        for _ in range(100):
            if len(memory) == 3:
                break
            await asyncio.sleep(0.1)
        assert sorted(memory.held().memory_ids.tolist()) == [8, 9, 10]
        # It keeps the tiers itself.
        assert await db.replay.keep_tiers("x") == Tidied(0, 0, True)


@pytest.mark.parametrize("pieces", [10_000, 5])
async def test_rules_of_tiers(
    db: AsyncDatabase, database: Place, monkeypatch: pytest.MonkeyPatch, pieces: int
) -> None:
    monkeypatch.setattr("cryptoscalp.replay.pruning.ROWS", pieces)
    tiers = default_tiers(100)
    made = await declared(db, tiers=tiers)
    rng = np.random.default_rng(5)
    count = 300
    ids = rng.permutation(count)
    at = (int(time()) - rng.integers(0, 14, count) * 86_400 - 43_200) * 1_000_000
    columns = await stored(
        db, made, ids.tolist(), rng.integers(1, 7, count), timestamps=at,
        priorities=rng.choice([0.2, 0.7, 3.0], count), rewards=rng.normal(size=count),
        regimes=rng.integers(-1, 4, count).astype(np.int8),
    )  # fmt: skip
    draws = rng.choice([0, 1, 9, 70], count)
    errors = [None if drawn == 0 else float(rng.choice([0.25, 1.5])) for drawn in draws]
    asked(
        database, "SELECT set_replay_priorities(%s, %s, %s, %s, %s)",
        made.buffer_id, ids.tolist(), [None] * count, errors, draws.tolist(),
    )  # fmt: skip
    before = held(database)
    names = ("TRENDING", "RANGING", "VOLATILE", "CRISIS")
    spread = columns.rewards.std()
    rows: dict[int, list[tier_oracle.Held]] = {number: [] for number in range(1, 7)}
    for row, number in enumerate(ids.tolist()):
        regime = int(columns.regimes[row])
        one = tier_oracle.Row(
            float(columns.priorities[row]), errors[row], time() - at[row] / 1e6,
            abs(float(columns.rewards[row] - columns.rewards.mean())) / spread,
            int(draws[row]), None if regime < 0 else names[regime],
        )  # fmt: skip
        into = tier_oracle.next_tier(tiers, before[number], one)
        rows[into].append(tier_oracle.Held(number, int(at[row]), one.priority))
    gone = tier_oracle.settle(tiers, rows)
    expected = {one.memory_id: number for number, held_ in rows.items() for one in held_}
    moved = sum(before[number] != tier for number, tier in expected.items())
    assert gone
    assert moved
    assert await db.replay.keep_tiers("x") == Tidied(moved, len(gone), False)
    assert held(database) == expected
    assert asked(database, "SELECT DISTINCT reason FROM replay_changes") == [("RULES",)]


async def test_one_keeper_at_a_time(db: AsyncDatabase, database: Place) -> None:
    made = await declared(db, tiers=six(5))
    await stored(db, made, range(9))
    lock = Lock(database.dsn, f"replay keeper {made.buffer_id}")
    assert lock.take()
    assert await db.replay.keep_tiers("x") == Tidied(0, 0, True)
    lock.give_back()
    assert await db.replay.keep_tiers("x") == Tidied(0, 4, False)
    # It was given back, and nothing is left to be done.
    assert await db.replay.keep_tiers("x") == Tidied(0, 0, False)
    assert sorted(held(database)) == [4, 5, 6, 7, 8]
