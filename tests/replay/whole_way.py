"""Every function of the replay's SQL, on whatever server or layout it is given."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final, LiteralString

import numpy as np
import pytest

from cryptoscalp import AsyncDatabase, IntegrityRefused
from cryptoscalp.infra.db.flow import Operation, rows
from cryptoscalp.registry.prediction_types import Recorded
from cryptoscalp.replay import storing
from cryptoscalp.replay.additions import Addition, Change
from cryptoscalp.replay.loading import IDS, added, changed, held_by_tier, load
from cryptoscalp.replay.replay_types import Buffer
from cryptoscalp.replay.storing import Working
from cryptoscalp.replay.tier_defaults import default_tiers
from tests.replay.experiences import experiences

COUNT: Final = 120
NOON_US: Final = 1_723_118_400_000_000


async def perform(db: AsyncDatabase, flow: Any, *given: Any) -> Any:
    """Run a flow: in one transaction where it writes, as the replay itself does."""
    written = flow in (storing.store, storing.change, storing.finish)
    return await db._driver.run(Operation(flow, transaction=written, retry=False), *given)


async def ask(db: AsyncDatabase, query: LiteralString, *given: Any) -> list[tuple[Any, ...]]:
    """Rows of a query."""
    found: list[tuple[Any, ...]] = await perform(db, rows, query, given)
    return found


def steps(writer: int) -> Addition:
    """COUNT experiences of a writer, an hour of one episode, in all tiers."""
    at = np.arange(COUNT)
    moments = NOON_US + at * 30_000_000
    none = np.zeros(COUNT, np.int64)
    columns = experiences(
        writer * IDS + at, timestamps=moments, episodes=np.full(COUNT, 5), steps=at.astype("i4"),
        states=np.stack((at, at / 3, -at), axis=1).astype("f4"),
        next_states=np.stack((at + 1, at / 7, at), axis=1).astype("f4"),
        priorities=1.0 + at, regimes=(at % 4 - 1).astype("i1"), actions=at % 3,
    )  # fmt: skip
    return Addition(columns, (1 + at % 6).astype("i1"), moments + 30_000_000, none, none, none)


async def whole_way(db: AsyncDatabase, name: str) -> None:
    """Declare, record, learn, move, draw, checkpoint and check, in a buffer of that name."""
    features = await db.registry.register_feature_set(name, [name, '"%s"', "it's"])
    buffer = await db.replay.create_buffer(name, features.feature_set_id, capacity=1_000)
    number = buffer.buffer_id
    tiers = default_tiers(2_000)
    assert (await db.replay.set_tiers(name, tiers)).tiers == tuple(tiers)
    writer = await perform(db, storing.open_writer, number)
    given = steps(writer)
    for new in (COUNT, 0):
        done = await perform(db, storing.store, number, writer, 0, [given])
        assert done == Recorded(COUNT, new, COUNT - new)
    wrong = replace(given, tiers=given.tiers + np.int8(6))
    with pytest.raises(IntegrityRefused, match="experience 1: tier 7"):
        await perform(db, storing.store, number, writer, 0, [wrong])
    await learned(db, buffer, writer, given)
    await drawn(db, buffer, writer)
    assert await ask(db, "SELECT checkpoint_replay(%s)", number) == [(4,)]
    assert await ask(db, "SELECT * FROM replay_faults(%s)", number) == []


async def learned(db: AsyncDatabase, buffer: Buffer, writer: int, given: Addition) -> None:
    """Working values, moves and evictions are stored, and seen by another."""
    ids = given.columns.memory_ids
    working = Working(
        ids[:3], np.full(3, 50.0), np.array([1, np.nan, 2], "f4"), np.ones(3, "i4"),
        np.ones(3, np.bool_),
    )  # fmt: skip
    number = buffer.buffer_id
    assert await perform(db, storing.finish, number, writer, 0, 3, working) == 0
    with pytest.raises(IntegrityRefused, match="is not at record 1"):
        await perform(db, storing.finish, number, writer, 1, 4, working)
    moved = Change(ids[[0, 3, 4]], np.array([6, 5, 0], "i1"))
    assert await perform(db, storing.change, number, writer, moved, "asked") == (2, 1)
    found = await perform(db, load, number, buffer.shape, 0)
    assert found.columns.memory_ids.tolist() == np.delete(ids, 4).tolist()
    assert found.columns.states[:4].tolist() == given.columns.states[:4].tolist()
    assert (found.tiers[:4].tolist(), found.draws[:4].tolist()) == ([6, 2, 3, 5], [1, 1, 1, 0])
    assert sum(await perform(db, held_by_tier, number)) == COUNT - 1
    other = await perform(db, storing.open_writer, number)
    assert len(await perform(db, added, number, buffer.shape, other, 0)) == COUNT - 1
    ((_, change),) = await perform(db, changed, number, other, 0)
    assert change.tiers.tolist() == [6, 5, 0]


async def drawn(db: AsyncDatabase, buffer: Buffer, writer: int) -> None:
    """Draws are of the tiers asked for, with states by name; the highest are found at once."""
    found = await ask(
        db,
        "SELECT tier, probability, weight, (state ->> %s)::float8, memory_id"
        " FROM sample_experiences('{0,0,1,0,1,1}', 200, 0.6, %s)",
        buffer.features[0],
        buffer.name,
    )
    assert len(found) == 200
    assert {tier for tier, *_ in found} == {3, 5, 6}
    for _, probability, weight, state, memory in found:
        assert 0 < probability < 1
        assert 0 < weight <= 1
        assert state == memory - writer * IDS
    top = await ask(
        db,
        "SELECT step FROM experience_replay WHERE tier = 6 AND buffer_id = %s"
        " ORDER BY priority DESC LIMIT 2",
        buffer.buffer_id,
    )
    assert top == [(119,), (113,)]
