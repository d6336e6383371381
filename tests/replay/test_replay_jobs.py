"""The jobs of replay, run by name on a real server."""

from __future__ import annotations

from cryptoscalp import AsyncDatabase
from tests.postgres import Place
from tests.replay.stored import asked, declared, six, stored


async def test_checkpoints_of_all_buffers(db: AsyncDatabase, database: Place) -> None:
    for name, first in (("x", 1), ("y", 11)):
        made = await declared(db, name)
        await stored(db, made, range(first, first + 5))
        asked(
            database, "SELECT set_replay_priorities(%s, %s, '{9}', '{NULL}', '{0}')",
            made.buffer_id, [first],
        )  # fmt: skip
    run = await db.jobs.run("checkpoint_replay")
    assert (run.state, run.rows) == ("SUCCEEDED", 2)
    assert run.detail == "2 experiences of 2 buffers followed"
    found = asked(database, "SELECT memory_id FROM experience_replay WHERE priority = 9")
    assert sorted(found) == [(1,), (11,)]
    assert (await db.jobs.run("checkpoint_replay")).rows == 0


async def test_buffers_that_no_memory_keeps(db: AsyncDatabase, database: Place) -> None:
    for name, first in (("x", 1), ("y", 11)):
        await stored(db, await declared(db, name, six(3)), range(first, first + 5))
    async with db.replay.memory("y", rules_every_s=None):
        run = await db.jobs.run("keep_replay")
    assert (run.state, run.rows) == ("SUCCEEDED", 2)
    assert run.detail == ("0 experiences moved and 2 left, of 1 buffers; 1 are kept by a memory")
    left = asked(database, "SELECT memory_id FROM replay_priorities ORDER BY 1")
    # The memory let go what does not fit when it was opened, as the keeper of its buffer.
    assert [number for (number,) in left] == [3, 4, 5, 13, 14, 15]
    assert (await db.jobs.run("keep_replay")).rows == 0
