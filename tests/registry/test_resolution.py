"""Predictions get their outcome once; killed, crowded and late resolvers come to the same."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from cryptoscalp import AsyncDatabase, Continuity, InputError, NotFound
from tests.faces import at, open_face, quote, table, trade
from tests.postgres import Place
from tests.registry.resolving import SECOND, Made, fetched, model, outcomes, predict

ROOT = Path(__file__).resolve().parents[2]
_PRICES = {0: 100, 10: 101, 20: 103, 30: 99}


async def ticks(db: AsyncDatabase, *, first: int = 1, **changes: Any) -> None:
    """Trades every ten seconds at the prices above."""
    rows = [
        trade(second * SECOND, first + n, price=str(price), **changes)
        for n, (second, price) in enumerate(_PRICES.items())
    ]
    await db.capture.write_trades(table(rows), continuity=Continuity.CONSECUTIVE_IDS)


def only(place: Place, model_id: int) -> tuple[Any, ...]:
    (one,) = outcomes(place, model_id).values()
    return one


async def test_a_price_and_a_return(db: AsyncDatabase, database: Place) -> None:
    await ticks(db)
    price, gain = model(database, "p"), model(database, "r", kind="RETURN")
    for number in (price, gain):
        predict(database, number, [Made(5 * SECOND, 15 * SECOND)])
    found = await db.registry.resolve_predictions()
    assert (found.resolved, found.unresolvable, found.waiting) == (2, {}, 0)
    assert only(database, price) == ("RESOLVED", 103.0, 100.0, None)
    assert only(database, gain) == ("RESOLVED", float(Fraction(3, 100)), 100.0, None)
    assert await db.registry.resolve_predictions() == type(found)(0, {}, 0, 0, ())


async def test_a_return_is_as_exact_as_a_double(db: AsyncDatabase, database: Place) -> None:
    prices = ("3.000000000000000001", "3.000000000000000004", "1")
    rows = [trade(n * SECOND, n + 1, price=price) for n, price in enumerate(prices)]
    await db.capture.write_trades(table(rows), continuity=Continuity.CONSECUTIVE_IDS)
    number = model(database, kind="RETURN")
    predict(database, number, [Made(0, SECOND)])
    await db.registry.resolve_predictions()
    expected = Fraction(prices[1]) / Fraction(prices[0]) - 1
    assert only(database, number)[1] == float(expected)


async def test_it_waits_for_coverage_as_long_as_the_model_does(
    db: AsyncDatabase, database: Place
) -> None:
    await ticks(db)
    patient = model(database, "patient", patience=timedelta(days=100_000))
    hasty = model(database, "hasty")
    for number in (patient, hasty):
        predict(database, number, [Made(25 * SECOND, 5 * SECOND)])
    found = await db.registry.resolve_predictions()
    assert (found.resolved, found.unresolvable, found.waiting) == (0, {"no coverage": 1}, 1)
    assert only(database, patient) == ("PENDING", None, None, None)
    detail = only(database, hasty)[3]
    assert detail.startswith("no coverage within 00:00:00: trade of BTCUSDT on binance is not")
    assert detail.endswith("when it was due")
    # What comes next proves the price at 30 s for the one that has waited.
    await db.capture.write_trades(
        table([trade(31 * SECOND, 5, price="98")]), continuity=Continuity.CONSECUTIVE_IDS
    )
    assert (await db.registry.resolve_predictions()).resolved == 1
    assert only(database, patient) == ("RESOLVED", 99.0, 103.0, None)


async def test_a_gap_waits_for_patience_and_a_stale_price_does_not(
    db: AsyncDatabase, database: Place
) -> None:
    rows = [trade(0, 1), trade(SECOND, 2), trade(9 * SECOND, 4), trade(60 * SECOND, 5)]
    await db.capture.write_trades(table(rows), continuity=Continuity.CONSECUTIVE_IDS)
    reach = timedelta(seconds=20)
    patient = model(database, "patient", patience=timedelta(days=100_000), reach=reach)
    hasty = model(database, "hasty", reach=reach)
    for number in (patient, hasty):
        predict(database, number, [Made(0, 5 * SECOND), Made(9 * SECOND, 40 * SECOND)])
    found = await db.registry.resolve_predictions()
    assert (found.unresolvable, found.waiting) == ({"gap": 1, "stale": 2}, 1)
    states = [
        (one[0], (one[3] or "").split(":")[0]) for one in outcomes(database, patient).values()
    ]
    assert states == [("PENDING", ""), ("UNRESOLVABLE", "stale")]
    states = [(one[0], (one[3] or "").split(":")[0]) for one in outcomes(database, hasty).values()]
    assert states == [("UNRESOLVABLE", "a gap"), ("UNRESOLVABLE", "stale")]


async def test_patience_begins_when_a_prediction_is_recorded(
    db: AsyncDatabase, database: Place
) -> None:
    """A past that is recorded before its ticks are imported is waited for."""
    patient = model(database, "patient", patience=timedelta(hours=1))
    hasty = model(database, "hasty")
    for number in (patient, hasty):
        predict(database, number, [Made(0, 5 * SECOND)])
    found = await db.registry.resolve_predictions()
    assert (found.unresolvable, found.waiting) == ({"no coverage": 1}, 1)
    await ticks(db)
    assert (await db.registry.resolve_predictions()).resolved == 1
    assert (only(database, patient)[0], only(database, hasty)[0]) == ("RESOLVED", "UNRESOLVABLE")


async def test_what_is_not_due_and_other_models_are_left_alone(
    db: AsyncDatabase, database: Place
) -> None:
    await ticks(db)
    one, other = model(database, "one"), model(database, "other")
    far = (int(time.time()) - 1_723_118_400 + 3600) * SECOND
    predict(database, one, [Made(0, 5 * SECOND), Made(far - 60 * SECOND, 60 * SECOND)])
    predict(database, other, [Made(0, 5 * SECOND)])
    found = await db.registry.resolve_predictions("one:1")
    assert (found.resolved, found.waiting) == (1, 0)
    assert [row[0] for row in outcomes(database, one).values()] == ["RESOLVED", "PENDING"]
    assert only(database, other)[0] == "PENDING"
    assert (await db.registry.resolve_predictions(other)).resolved == 1
    for strange in ("none", "one:2", "one@champion", 999_999):
        with pytest.raises(NotFound, match="no model version"):
            await db.registry.resolve_predictions(strange)
    with pytest.raises(InputError):
        await db.registry.resolve_predictions(batch=0)


async def test_what_waits_does_not_stop_what_comes_after(
    db: AsyncDatabase, database: Place
) -> None:
    await ticks(db)
    number = model(database, patience=timedelta(days=100_000))
    predict(database, number, [Made(n, symbol="NEVER") for n in range(25)])
    predict(database, number, [Made(n, 15 * SECOND) for n in range(25)])
    found = await db.registry.resolve_predictions(batch=7)
    assert (found.resolved, found.waiting) == (25, 25)


async def test_two_at_once_share_the_work(db: AsyncDatabase, database: Place, mode: str) -> None:
    await ticks(db)
    number = model(database)
    predict(database, number, [Made(n * 1000, 15 * SECOND) for n in range(400)])
    async with await open_face(mode, database.dsn) as other:
        found = await asyncio.gather(
            *(one.registry.resolve_predictions(batch=9) for one in (db, other, db))
        )
    assert sum(one.resolved for one in found) == 400
    assert {one[1] for one in outcomes(database, number).values()} == {101.0}


def _killed_half_way(place: Place) -> int:
    """Kill a resolver once it has committed something; how much that was then."""
    program = (
        "import sys, cryptoscalp; db = cryptoscalp.connect(sys.argv[1]);"
        " db.registry.resolve_predictions(batch=20)"
    )
    process = subprocess.Popen([sys.executable, "-c", program, place.dsn], cwd=ROOT)
    query = "SELECT count(*) FROM model_performance WHERE resolution = 'RESOLVED'"
    while not (done := fetched(place, query)[0][0]):
        assert process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait()
    return int(done)


@pytest.mark.parametrize("mode", ["sync"])
async def test_kill_9_half_way(db: AsyncDatabase, database: Place) -> None:
    await ticks(db)
    number = model(database)
    predict(database, number, [Made(n * 1000, 10 * SECOND) for n in range(3_000)])
    done = _killed_half_way(database)
    assert 0 < done < 3_000
    half = {key: one for key, one in outcomes(database, number).items() if one[0] == "RESOLVED"}
    assert len(half) < 3_000
    found = await db.registry.resolve_predictions()
    assert 0 < found.resolved <= 3_000 - done
    whole = outcomes(database, number)
    assert half.items() <= whole.items()
    for (_, _, when, horizon), one in whole.items():
        due = (when + horizon - at(0)) / timedelta(seconds=1)
        expected = float(_PRICES[int(due // 10 * 10)])
        assert one[:2] == ("RESOLVED", expected)


async def test_mid_prices_are_those_of_the_instruments_source(
    db: AsyncDatabase, database: Place
) -> None:
    rows = [quote(n * SECOND, n, bid_price=f"{100 + n}", ask_price=f"{101 + n}") for n in range(9)]
    await db.capture.write_quotes(table(rows), continuity=Continuity.SESSION)
    number = model(database, price="MID")
    predict(database, number, [Made(SECOND, 2 * SECOND)])
    assert (await db.registry.resolve_predictions()).resolved == 1
    assert only(database, number)[1:3] == (103.5, 101.5)


async def test_the_job_runs_it(db: AsyncDatabase, database: Place) -> None:
    await ticks(db)
    number = model(database)
    predict(database, number, [Made(0), Made(0, 90 * SECOND)])
    run = await db.jobs.run("resolve_predictions")
    assert (run.state, run.rows) == ("SUCCEEDED", 2)
    assert run.detail == "1 resolved, 1 unresolvable (1 no coverage), 0 waiting, 0 on cold days"
