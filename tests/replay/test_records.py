"""Experiences through the flow that stores a journal: what comes is what is there."""

from __future__ import annotations

from typing import Any

import numpy as np
import psycopg
import pytest

from cryptoscalp import AsyncDatabase, IntegrityRefused, NotFound
from cryptoscalp.infra.db.flow import Operation
from cryptoscalp.registry.prediction_types import Recorded
from cryptoscalp.replay.additions import Addition, Change
from cryptoscalp.replay.loading import load
from cryptoscalp.replay.replay_types import Buffer, Columns
from cryptoscalp.replay.storing import open_writer, store
from tests.postgres import Place
from tests.replay.plain import ODD

STORE = Operation(store, transaction=True, retry=True)
OPEN = Operation(open_writer, transaction=True, retry=False)
LOAD = Operation(load, transaction=False, retry=True)
START = 1_700_000_000_000_000
#: What a float32 can be at its ends: denormals, the greatest, the next after 1, a negative zero.
EXTREMES = np.array(
    [1e-45, -1e-45, 1.1754942e-38, 3.4028235e38, -3.4028235e38, 1.0000001, -0.0, 0.1, 16777217.0],
    np.float32,
)


async def declared(db: AsyncDatabase, **given: Any) -> Buffer:
    """A buffer whose states have odd names."""
    known = await db.registry.register_feature_set("odd", list(ODD))
    return await db.replay.create_buffer("odd", known.feature_set_id, **given)


def addition(buffer: Buffer, count: int, **given: Any) -> Addition:
    """Experiences of a buffer's form, numbered from 1."""
    ids = np.arange(1, count + 1)
    width = buffer.shape.state_width
    states = np.resize(EXTREMES, (count, width))
    actions: Any = ids - 3
    if buffer.shape.action_kind == "CONTINUOUS":
        actions = np.resize(EXTREMES, (count, buffer.shape.action_width))
    columns: dict[str, Any] = {
        "memory_ids": ids, "states": states, "actions": actions, "rewards": ids / 7,
        "next_states": states[::-1], "terminals": ids % 2 == 0, "truncations": ids % 3 == 0,
        "episodes": ids * 2**40, "steps": ids.astype(np.int32), "timestamps": START + ids,
        "priorities": ids * 1e-12, "regimes": (ids % 3 - 1).astype(np.int8),
    }  # fmt: skip
    none = np.zeros(count, np.int64)
    return Addition(
        Columns(**columns | given), (1 + ids % 6).astype(np.int8), START + ids + 1,
        none, none, none,
    )  # fmt: skip


async def stored(db: AsyncDatabase, buffer: Buffer, *steps: Addition | Change) -> Recorded:
    """What a new writer stores."""
    writer = await db._driver.run(OPEN, buffer.buffer_id)
    done: Recorded = await db._driver.run(STORE, buffer.buffer_id, writer, 0, list(steps))
    return done


def fetch(place: Place, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(place.dsn) as connection:
        return connection.execute(query.encode()).fetchall()


@pytest.mark.parametrize(
    "form", [{}, {"actions": "CONTINUOUS"}, {"actions": "CONTINUOUS", "action_width": 4}]
)
async def test_what_is_loaded_is_bit_for_bit_what_was_stored(
    db: AsyncDatabase, form: dict[str, Any]
) -> None:
    buffer = await declared(db, **form)
    given = addition(buffer, 40)
    assert await stored(db, buffer, given) == Recorded(40, 40, 0)
    found = await db._driver.run(LOAD, buffer.buffer_id, buffer.shape, 0)
    for name in Columns.__dataclass_fields__:
        wanted, got = getattr(given.columns, name), getattr(found.columns, name)
        assert got.reshape(wanted.shape).tobytes() == wanted.tobytes(), name
    assert found.tiers.tolist() == given.tiers.tolist()
    assert (found.draws == 0).all()
    assert np.isnan(found.td_errors).all()


async def test_each_state_is_json_by_the_names_of_its_features(
    db: AsyncDatabase, database: Place
) -> None:
    buffer = await declared(db)
    given = addition(buffer, 9)
    await stored(db, buffer, given)
    rows = fetch(
        database, "SELECT state, next_state, action FROM experience_replay ORDER BY memory_id"
    )
    for at, (state, following, action) in enumerate(rows):
        columns = given.columns
        for found, vectors in ((state, columns.states), (following, columns.next_states)):
            assert sorted(found) == sorted(ODD)
            numbers = np.array([found[name] for name in ODD], np.float32)
            assert (numbers == vectors[at]).all()
        assert action == at - 2
    with psycopg.connect(database.dsn) as connection:
        found = connection.execute(
            "SELECT count(*) FROM experience_replay WHERE (state ->> %s)::float4 = state_vector[2]"
            " AND state_vector[2] = ANY (%s::float4[])",
            (ODD[1], EXTREMES.tolist()),
        ).fetchone()
    assert found == (9,)


async def test_what_comes_again_is_counted_and_another_content_refused(db: AsyncDatabase) -> None:
    buffer = await declared(db)
    first = addition(buffer, 12).some(slice(10))
    assert await stored(db, buffer, first) == Recorded(10, 10, 0)
    assert await stored(db, buffer, addition(buffer, 12)) == Recorded(12, 2, 10)
    ids = np.arange(1, 13)
    others: dict[str, Any] = {
        "states": -np.resize(EXTREMES, (12, 5)), "next_states": np.ones((12, 5), np.float32),
        "actions": ids, "rewards": ids / 8, "terminals": ids % 2 == 1,
        "truncations": ids % 3 != 0, "episodes": ids, "steps": ids + 1,
        "timestamps": START + ids - 1,
    }  # fmt: skip
    for name, other in others.items():
        with pytest.raises(IntegrityRefused, match="experience 1 is there with another content"):
            await stored(db, buffer, addition(buffer, 12, **{name: other}))
    # Tier and priority have moved on meanwhile: they are not what was experienced.
    assert (await stored(db, buffer, addition(buffer, 12, priorities=ids + 0.5))).duplicate == 12


async def test_steps_are_performed_in_their_order(db: AsyncDatabase, database: Place) -> None:
    buffer = await declared(db)
    gone = Change(np.array([2, 3]), np.array([0, 6], np.int8))
    await stored(db, buffer, addition(buffer, 3), gone)
    query = "SELECT memory_id, tier FROM replay_priorities ORDER BY 1"
    assert fetch(database, query) == [(1, 2), (3, 6)]
    assert fetch(database, "SELECT memory_ids, tiers, reason, writer_id FROM replay_changes") == [
        ([2, 3], [0, 6], "RULES", 1)
    ]


async def test_one_that_is_wrong_keeps_all_out(db: AsyncDatabase, database: Place) -> None:
    buffer = await declared(db)
    wrong = addition(buffer, 3)
    wrong.columns.rewards[1] = np.nan
    with pytest.raises(IntegrityRefused, match="experience 2: reward is NaN"):
        await stored(db, buffer, addition(buffer, 1), wrong)
    for table in ("experience_replay", "replay_priorities"):
        assert fetch(database, f"SELECT count(*) FROM {table}") == [(0,)]  # noqa: S608 - ours


async def test_a_buffer_is_declared_once(db: AsyncDatabase) -> None:
    buffer = await declared(db)
    assert await declared(db) == buffer
    for other in ({"actions": "CONTINUOUS"}, {"capacity": 10_000}):
        with pytest.raises(IntegrityRefused, match="'odd' is there with another"):
            await declared(db, **other)
    with pytest.raises(IntegrityRefused):
        await declared(db, action_width=2)
    optional = await db.registry.register_feature_set("optional", ["a", "b?"])
    with pytest.raises(IntegrityRefused, match="may be absent"):
        await db.replay.create_buffer("two", optional.feature_set_id)
    with pytest.raises(NotFound):
        await db.replay.create_buffer("two", 99)
    assert await db.replay.buffers() == [buffer]
