"""What verify finds, and that it finds nothing where nothing is wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from cryptoscalp import AsyncDatabase
from cryptoscalp.replay import checking
from cryptoscalp.replay.loading import BEFORE_ALL, load
from tests.postgres import Place
from tests.replay.stored import asked, declared, six, stored


async def test_all_is_well(db: AsyncDatabase) -> None:
    made = await declared(db)
    priorities = 10.0 ** np.random.default_rng(2).uniform(-6, 6, 250)
    tiers = np.arange(250) % 3 * 2 + 1
    await stored(db, made, range(1, 251), tiers, priorities=priorities)
    found = await db.replay.verify("x")
    assert (found.faults, found.notes, found.held) == ((), (), 250)
    for one in found.tiers:
        total = ((priorities[tiers == one.tier] + 1e-6) ** 0.6).sum()
        assert one.held == one.tree_held == (tiers == one.tier).sum()
        assert one.total == pytest.approx(total, rel=1e-12)
        assert one.tree_total == pytest.approx(total, rel=1e-12)
    await declared(db, "empty")
    assert (await db.replay.verify("empty")).faults == ()


async def test_tiers_too_full_and_journals_are_notes(db: AsyncDatabase) -> None:
    made = await declared(db, tiers=six(5))
    await stored(db, made, range(1, 10))
    async with db.replay.adding("x"):
        found = await db.replay.verify("x")
        full, journal = found.notes
        assert "tier 1 (t1) holds 9, its capacity is 5" in full
        assert "of this machine" in journal
    assert found.faults == ()
    assert len((await db.replay.verify("x")).notes) == 1


_DAMAGES: dict[str, str] = {
    "state is not state_vector": """UPDATE experience_replay SET state = '{"a": 9}'""",
    "next_state is not next_state_vector": "UPDATE experience_replay SET next_state = state",
    "it has no working priority": "DELETE FROM replay_priorities",
    "trade 77 is not there": "UPDATE experience_replay SET trade_id = 77",
    "next_state is not later than state": (
        "ALTER TABLE experience_replay DROP CONSTRAINT chk_next_state_later;"
        " UPDATE experience_replay SET next_timestamp = timestamp"
    ),
}


@pytest.mark.parametrize("said", _DAMAGES)
async def test_damage_is_found(db: AsyncDatabase, database: Place, said: str) -> None:
    made = await declared(db)
    await stored(db, made, range(1, 6))
    for statement in (
        "ALTER TABLE experience_replay DISABLE TRIGGER USER",
        *_DAMAGES[said].replace("UPDATE", "+UPDATE").replace("DELETE", "+DELETE").split("+"),
    ):
        change = statement.startswith(("UPDATE", "DELETE"))
        if statement:
            asked(database, statement + " WHERE memory_id = 3" * change, admin=True)
    found = await db.replay.verify("x")
    assert [(one.memory_id, one.fault) for one in found.faults] == [(3, said)]


async def test_a_tree_that_is_not_the_database(
    db: AsyncDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await declared(db)
    await stored(db, made, range(1, 6))
    reading = load

    def wrong(*args: Any) -> Any:
        loaded = yield from reading(*args)
        altered = loaded.columns.priorities.copy()
        altered[loaded.columns.memory_ids == 2] = np.nextafter(1.0, 2.0)
        return replace(loaded, columns=replace(loaded.columns, priorities=altered))

    monkeypatch.setattr(checking, "load", wrong)
    found = await db.replay.verify("x")
    assert [one.fault for one in found.faults] == [
        "the tree's leaves are not the rows of replay_priorities"
    ]
    monkeypatch.setattr(checking, "load", lambda *args: _fewer(reading(*args)))
    told = [one.fault for one in (await db.replay.verify("x")).faults]
    assert len(told) == 2
    assert "tier 1: the tree has 4 experiences" in told[0]


def _fewer(flow: Any) -> Any:
    loaded = yield from flow
    return loaded.some(np.flatnonzero(loaded.columns.memory_ids != 2))


async def test_a_buffer_that_changes_all_the_time_is_told_of(
    db: AsyncDatabase, database: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await declared(db)
    await stored(db, made, range(1, 6))
    reading, changed = load, 0
    change = "SELECT set_replay_priorities(%s, '{2}', ARRAY[%s::float8], '{NULL}', '{0}')"

    def meanwhile(buffer_id: int, shape: Any, after: int) -> Any:
        nonlocal changed
        if after == BEFORE_ALL and changed < times:
            changed += 1
            asked(database, change, made.buffer_id, float(changed + times))
        return (yield from reading(buffer_id, shape, after))

    monkeypatch.setattr(checking, "load", meanwhile)
    times = 2
    found = await db.replay.verify("x")
    assert (found.faults, found.notes, len(found.tiers)) == ((), (), 6)
    changed, times = 0, 99
    found = await db.replay.verify("x")
    assert (found.faults, found.tiers) == ((), ())
    assert "its tree was not compared" in found.notes[0]
