"""Updates at once, cut off, and as the scheduled job: the regimes are those of one quiet run."""

from __future__ import annotations

import asyncio
import signal
import sys

import psycopg
import pytest

from cryptoscalp import AsyncDatabase
from cryptoscalp.adaptation import regime_updates
from cryptoscalp.adaptation.jobs import JOBS, update_regimes
from cryptoscalp.infra.db.flow import Operation
from tests.adaptation.regime_candles import (
    QUICK,
    bars,
    closes,
    events,
    put,
    replayed,
    seen,
    stored,
    watched,
)
from tests.faces import open_face
from tests.postgres import Place

RECORDS = bars(closes())


async def undisturbed(db: AsyncDatabase, database: Place) -> None:
    """Assert that rows and events are those of the pure rule."""
    expected = replayed(QUICK, ((one, None) for one in seen(RECORDS)))
    assert [
        (one.since, one.label, one.confidence, one.duration_minutes) for one in await stored(db)
    ] == expected
    assert [row[0] for row in events(database)] == [since for since, *_ in expected[1:]]


async def test_killed_anywhere_an_update_goes_on_where_it_was(
    db: AsyncDatabase, database: Place, mode: str
) -> None:
    await watched(db)
    await put(db, RECORDS)
    # The victims are of one driver; the other one goes on after few of them.
    for number in (3, 10, 11, 12, 13, 14, 15, 31) if mode == "sync" else (12, 27):
        ended = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.adaptation.regime_victim", database.dsn, str(number)
        )
        assert await ended.wait() == -signal.SIGKILL
    await db.adaptation.update_regimes()
    await undisturbed(db, database)


async def test_many_workers_at_once(
    db: AsyncDatabase, database: Place, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await watched(db)
    await put(db, RECORDS)
    monkeypatch.setattr(regime_updates, "_AT_ONCE", 20)
    others = [await open_face(mode, database.dsn) for _ in range(3)]
    try:
        made = await asyncio.gather(*(one.adaptation.update_regimes() for one in [db, *others]))
    finally:
        for one in others:
            await one.close()
    assert sum(one.candles for (one,) in made) == len(RECORDS)
    await undisturbed(db, database)


async def test_a_lock_held_by_another_is_waited_for(db: AsyncDatabase, database: Place) -> None:
    await watched(db)
    await put(db, RECORDS)
    with psycopg.connect(database.admin_dsn) as session:
        session.execute("SELECT FROM regime_states FOR UPDATE")
        running = asyncio.create_task(db.adaptation.update_regimes())
        await asyncio.sleep(0.5)
        assert not running.done()
    (update,) = await running
    assert update.candles == len(RECORDS)
    await undisturbed(db, database)


async def test_the_job_tells_what_it_did(db: AsyncDatabase, database: Place) -> None:
    await watched(db)
    await put(db, RECORDS)
    assert "update_regimes" in [job.name for job in JOBS]
    outcome = await db._driver.run(Operation(update_regimes, transaction=False, retry=False))
    began = len(await stored(db))
    assert (outcome.rows, outcome.detail) == (
        len(RECORDS),
        f"{len(RECORDS)} candles of 1 instruments, {began} regimes began",
    )
    await undisturbed(db, database)
