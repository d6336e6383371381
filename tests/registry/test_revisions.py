"""Ticks that come or go after a resolution: the outcome stays, a revision says what it is now."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from cryptoscalp import AsyncDatabase, Continuity, InputError
from tests.faces import at, open_face, table, trade
from tests.postgres import Place
from tests.registry.resolving import SECOND, Made, fetched, model, outcomes, owner, predict

START, END = at(0), at(60 * SECOND)


async def stored(db: AsyncDatabase, *rows: dict[str, Any]) -> None:
    await db.capture.write_trades(table(rows), continuity=Continuity.CONSECUTIVE_IDS)


async def resolved(db: AsyncDatabase, place: Place) -> int:
    """A prediction made at 5 s and due at 15 s, resolved at 101 against 100."""
    await stored(
        db,
        *(trade(n * 10 * SECOND, n + 1, price=str(100 + n)) for n in range(4)),
    )
    number = model(place)
    predict(place, number, [Made(5 * SECOND)])
    assert (await db.registry.resolve_predictions()).resolved == 1
    return number


async def test_a_late_tick_is_a_revision_and_the_outcome_stays(
    db: AsyncDatabase, database: Place
) -> None:
    number = await resolved(db, database)
    before = outcomes(database, number)
    assert (await db.registry.revise_predictions(START, END)).revised == 0
    # An event of the past that the venue has sent out of order.
    await stored(db, trade(12 * SECOND, 5, price="200"))
    found = await db.registry.revise_predictions(START, END)
    assert (found.examined, found.revised, found.unknown) == (1, 1, 0)
    assert (await db.registry.revise_predictions(START, END)).revised == 0
    assert outcomes(database, number) == before
    rows = fetched(
        database,
        "SELECT old_resolution::text, old_actual, old_reference, new_resolution::text, new_actual,"
        " new_reference, detail FROM model_performance_revisions",
    )
    assert rows == [("RESOLVED", 101.0, 100.0, "RESOLVED", 200.0, 100.0, None)]
    (shown,) = await db.registry.latest_predictions(number)
    assert (shown.actual, shown.resolution) == (101.0, "RESOLVED")
    assert shown.revision is not None
    assert (shown.revision.actual, shown.revision.reference) == (200.0, 100.0)
    # The next one goes on from the last one.
    await stored(db, trade(13 * SECOND, 6, price="300"))
    assert (await db.registry.revise_predictions(START, END)).revised == 1
    rows = fetched(
        database,
        "SELECT old_actual, new_actual FROM model_performance_revisions ORDER BY revision_id",
    )
    assert rows == [(101.0, 200.0), (200.0, 300.0)]
    first = await db.registry.performance(number, start=START, end=END)
    known = await db.registry.performance(number, start=START, end=END, revised=True)
    assert (first.revised, known.revised) == (1, 1)
    assert (first.mean_absolute_error, known.mean_absolute_error) == (0.0, 199.0)


async def test_a_gap_that_is_filled_later(db: AsyncDatabase, database: Place) -> None:
    await stored(db, trade(0, 1), trade(SECOND, 2), trade(20 * SECOND, 4), trade(30 * SECOND, 5))
    number = model(database)
    predict(database, number, [Made(0)])
    assert (await db.registry.resolve_predictions()).unresolvable == {"gap": 1}
    await stored(db, trade(4 * SECOND, 3, price="150"))
    assert (await db.registry.revise_predictions(START, END)).revised == 1
    (shown,) = await db.registry.latest_predictions(number)
    assert shown.resolution == "UNRESOLVABLE"
    assert shown.detail is not None
    assert shown.detail.startswith("a gap: ")
    assert shown.revision is not None
    assert (shown.revision.resolution, shown.revision.actual) == ("RESOLVED", 150.0)


async def test_ticks_that_are_taken_back(db: AsyncDatabase, database: Place) -> None:
    number = await resolved(db, database)
    await db.market.undo_batch((await db.market.batches(1))[0].batch_id)
    assert (await db.registry.revise_predictions(START, END)).revised == 1
    (shown,) = await db.registry.latest_predictions(number)
    assert shown.resolution == "RESOLVED"
    assert shown.revision is not None
    assert (shown.revision.resolution, shown.revision.actual) == ("UNRESOLVABLE", None)
    assert "no coverage" in (shown.revision.detail or "")


async def test_only_what_was_open_in_the_range_and_is_asked_for(
    db: AsyncDatabase, database: Place
) -> None:
    number = await resolved(db, database)
    await stored(db, trade(12 * SECOND, 5, price="200"))
    for start, end in ((0, 5), (15, 16)):
        found = await db.registry.revise_predictions(at(start * SECOND + 1), at(end * SECOND))
        assert found.examined == 0
    revise = db.registry.revise_predictions
    assert (await revise(START, END, symbol="BTCUSDT", exchange="binance", batch=1)).revised == 1
    other = model(database, "other")
    assert (await revise(START, END, model=other)).examined == 0
    assert (await revise(at(10 * SECOND), at(11 * SECOND), model=number)).examined == 1
    with pytest.raises(InputError):
        await revise(END, START)
    with pytest.raises(InputError):
        await revise(START, END, batch=0)


async def test_two_at_once_record_it_once(db: AsyncDatabase, database: Place, mode: str) -> None:
    number = await resolved(db, database)
    predict(database, number, [Made(5 * SECOND + n) for n in range(1, 51)])
    await db.registry.resolve_predictions()
    await stored(db, trade(12 * SECOND, 5, price="200"))
    async with await open_face(mode, database.dsn) as other:
        found = await asyncio.gather(
            *(one.registry.revise_predictions(START, END, batch=5) for one in (db, other))
        )
    assert sum(one.revised for one in found) == 51
    assert fetched(database, "SELECT count(*) FROM model_performance_revisions") == [(51,)]


async def test_the_job_finds_what_batches_have_changed(db: AsyncDatabase, database: Place) -> None:
    await resolved(db, database)
    await stored(db, trade(12 * SECOND, 5, price="200"))
    # Years old, but a batch has just written there.
    run = await db.jobs.run("revise_predictions")
    assert (run.state, run.rows) == ("SUCCEEDED", 1)
    assert run.detail is not None
    assert run.detail.startswith("1 of ")
    assert (await db.jobs.run("revise_predictions")).rows == 0


async def test_revisions_are_append_only_for_everybody(db: AsyncDatabase, database: Place) -> None:
    number = await resolved(db, database)
    await stored(db, trade(12 * SECOND, 5, price="200"))
    await db.registry.revise_predictions(START, END)
    with owner(database) as session:
        for statement in (
            "UPDATE model_performance_revisions SET new_actual = 1",
            "DELETE FROM model_performance_revisions",
            "TRUNCATE model_performance_revisions",
        ):
            with pytest.raises(psycopg.Error, match="append-only"):
                session.execute(statement.encode())
    with (
        psycopg.connect(database.admin_dsn, autocommit=True) as session,
        pytest.raises(psycopg.Error, match="only the registry"),
    ):
        session.execute(
            "INSERT INTO model_performance_revisions (model_id, symbol, exchange, timestamp,"
            " horizon, old_resolution, new_resolution, new_actual) VALUES (%s, 'BTCUSDT',"
            " 'binance', %s, %s, 'RESOLVED', 'RESOLVED', 1)",
            (number, START, timedelta(seconds=1)),
        )
