"""Several processes at one buffer: actors add, learners see it, one keeps the tiers."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cryptoscalp import Database
from cryptoscalp.replay.replay_types import Durability
from cryptoscalp.replay.tier_types import Condition, Tier
from tests.postgres import Place
from tests.replay.opened import declared, experiences, stored

FIFO = (
    Tier("all", 400, 1.0, Condition()),
    *(Tier(f"unused {n}", 0, 0.0) for n in range(2, 7)),
)
#: Two rounds are a second; a machine that is busy with other tests may need some more.
PATIENCE_S = 30.0
ACTOR = """
import sys, time
from pathlib import Path
import cryptoscalp
from cryptoscalp.replay.replay_types import Durability
from tests.replay.opened import experiences
dsn, journals, seed, calls = sys.argv[1:]
with cryptoscalp.connect(dsn) as db, db.replay.adding(
    "one", durability=Durability(journals=Path(journals), store_every_s=0.05)
) as actor:
    for call in range(int(calls)):
        ids = actor.add(**experiences(10, width=2, seed=int(seed) * 1000 + call))
        print(*ids.tolist(), flush=True)
        time.sleep(0.01)
"""


def until(condition: Callable[[], bool], seconds: float = PATIENCE_S) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.02)


@pytest.mark.long
def test_a_learner_sees_what_actors_add(
    blocking: Database, database: Place, journals: Durability
) -> None:
    declared(blocking, "one", width=2, capacity=1000)
    folder = str(journals.journals)
    with blocking.replay.memory("one", durability=journals) as memory:
        actors = [
            subprocess.Popen(
                [sys.executable, "-c", ACTOR, database.dsn, folder, str(seed), "8"],
                stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2],
            )
            for seed in range(3)
        ]  # fmt: skip
        added = {int(word) for actor in actors for word in actor.communicate(timeout=60)[0].split()}
        assert [actor.returncode for actor in actors] == [0, 0, 0]
        assert len(added) == 240
        until(lambda: len(memory) == 240)
        assert set(memory.held().memory_ids.tolist()) == added
        assert memory.verify() == []
        batch = memory.sample(64)
        assert memory.update(batch, np.arange(1.0, 65.0)).all()
        assert memory.verify() == []
    # They closed in good order: nothing is left of their journals.
    assert not list(Path(folder).glob("*/*/*"))


def test_one_keeps_the_tiers_and_the_others_follow(
    blocking: Database, database: Place, journals: Durability
) -> None:
    declared(blocking, "one", width=2, tiers=FIFO)
    with (
        blocking.replay.memory("one", durability=journals) as first,
        blocking.replay.memory("one", durability=journals) as second,
    ):
        assert (first.is_keeper, second.is_keeper) == (True, False)
        for seed in range(50):
            second.add(**experiences(20, width=2, seed=seed))
            first.add(**experiences(20, width=2, seed=seed))
        for memory in (first, second, first, second):
            memory.flush()
        until(lambda: _ids(first) == _ids(second) == _stored_ids(database))
        assert 380 <= len(first) <= 400
        assert first.verify() == []
        first.close()
        until(lambda: second.is_keeper)
        second.add(**experiences(50, width=2))
        assert second.verify() == []
        assert len(second) <= 400


def test_updates_of_two_learners(blocking: Database, journals: Durability) -> None:
    """The last one stored counts; who left meanwhile is ignored and counted."""
    declared(blocking, "one", width=2, tiers=FIFO)
    with (
        blocking.replay.memory("one", durability=journals) as first,
        blocking.replay.memory("one", durability=journals) as second,
    ):
        first.add(**experiences(100, width=2))
        first.flush()
        until(lambda: len(second) == 100)
        one, other = first.sample(32), second.sample(32)
        first.update(one, np.full(32, 2.0))
        first.flush()
        second.update(other, np.full(32, 3.0))
        second.flush()
        # All that the second learner has drawn leaves before it learns from it.
        batch = second.sample(32)
        for seed in range(30):
            first.add(**experiences(20, width=2, seed=seed))
        first.flush()
        until(lambda: not set(batch.memory_ids.tolist()) & set(second.held().memory_ids.tolist()))
        assert not second.update(batch, np.ones(32)).any()
        assert second.stale == 32


def test_additions_through_the_database_are_seen(
    blocking: Database, database: Place, journals: Durability
) -> None:
    """Plain SQL is another way in; its ids are small."""
    declared(blocking, "one", width=2)
    with blocking.replay.memory("one", durability=journals) as memory:
        found = stored(
            database,
            "SELECT stored FROM record_experiences(1, NULL, ARRAY[now()], ARRAY[now() + interval"
            " '1 second'], '{1}', '{1,2}', '{3}', '{0.5}', '{4,5}', '{2}', '{0}', '{0}', '{1}',"
            " '{0}', '{NULL}', '{NULL}', '{NULL}', '{0}')",
        )
        assert found == [(1,)]
        until(lambda: len(memory) == 1)
        batch = memory.sample(1)
        assert batch.states.tolist() == [[1.0, 2.0]]
        assert batch.next_states.tolist() == [[4.0, 5.0]]
        assert (batch.actions.tolist(), batch.rewards.tolist()) == ([3], [0.5])
        assert memory.verify() == []


def _ids(memory: object) -> set[int]:
    return set(memory.held().memory_ids.tolist())  # type: ignore[attr-defined]


def _stored_ids(database: Place) -> set[int]:
    return {number for (number,) in stored(database, "SELECT memory_id FROM experience_replay")}
