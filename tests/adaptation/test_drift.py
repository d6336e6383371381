"""Drift detectors in the database: decisions, positions, faults, and what is refused."""

from __future__ import annotations

import asyncio
import math
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from cryptoscalp import AsyncDatabase
from cryptoscalp.adaptation import taking_in
from cryptoscalp.adaptation.drift_parameters import complete
from cryptoscalp.adaptation.drift_types import Algorithm, Signal
from cryptoscalp.infra.db.errors import InputError, IntegrityRefused, NotFound
from tests.adaptation.predicted import (
    EXCHANGE,
    NOON,
    SYMBOL,
    as_owner,
    declare,
    predict,
    predicted,
    room,
)
from tests.adaptation.series import in_memory, shifted
from tests.postgres import Place

OF = (SYMBOL, EXCHANGE)
CASES: list[tuple[Algorithm, dict[str, Any]]] = [
    ("ADWIN", {}),
    ("PAGE_HINKLEY", {"threshold": 5.0}),
    ("KSWIN", {}),
]


@pytest.mark.long
@pytest.mark.parametrize(("algorithm", "parameters"), CASES)
async def test_what_is_found_is_what_river_finds_in_memory(
    db: AsyncDatabase, database: Place, algorithm: Algorithm, parameters: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Several seeds, a version each; batches of 100, so that states are restored often."""
    monkeypatch.setitem(taking_in.BATCH, algorithm, 100)
    series = [shifted(seed, 700, 350, by=0.3) for seed in range(3)]
    models = declare(database, versions=("1", "2", "3"))
    for model_id, values in zip(models, series, strict=True):
        predicted(database, model_id, values)
        await db.adaptation.watch_drift(model_id, *OF, "ERROR", algorithm, **parameters)
    done = await db.adaptation.check_drift()
    assert (done.detectors, done.observations, done.failed) == (3, 2_100, ())
    for model_id, values in zip(models, series, strict=True):
        whole = complete(algorithm, parameters)
        # |prediction - actual| is not to the last digit the error that was put in.
        expected = in_memory(algorithm, whole, [abs((101 + one) - 101) for one in values])
        found = await db.adaptation.drift_events(model_id)
        assert [one.observation for one in found] == expected
        assert expected, "the shift is there to be found"
        assert [one.timestamp for one in found] == [
            NOON + timedelta(seconds=number - 1) for number in expected
        ]
    again = await db.adaptation.check_drift()
    assert (again.observations, again.drifts) == (0, 0)


async def test_one_drift_is_one_event_for_trainers(db: AsyncDatabase, database: Place) -> None:
    (model_id,) = declare(database)
    predicted(database, model_id, shifted(1, 900, 450, by=0.5))
    await db.adaptation.watch_drift("scalper:1", *OF, "ERROR", "ADWIN")
    assert await db.adaptation.pending_events("trainer", from_start=True) == []
    await db.adaptation.check_drift()
    (drift,) = await db.adaptation.drift_events(symbol=SYMBOL)
    (event,) = await db.adaptation.pending_events("trainer")
    assert (event.kind, event.drift_event_id, event.model_id) == (
        "DRIFT", drift.drift_event_id, model_id,
    )  # fmt: skip
    assert event.payload["observation"] == drift.observation
    assert drift.detail is not None
    assert drift.detail["mean_before"] < drift.detail["mean"]
    (status,) = await db.adaptation.drift_status("scalper:1")
    assert (status.model, status.last_drift_at, status.detector.drifts) == (
        "scalper:1", drift.timestamp, 1,
    )  # fmt: skip


@pytest.mark.parametrize("signal", ["LATENCY", "FEATURE"])
async def test_latency_and_features(db: AsyncDatabase, database: Place, signal: Signal) -> None:
    (model_id,) = declare(database, features=["imbalance", "spread?"])
    values = shifted(2, 700, 350, by=0.5)
    if signal == "LATENCY":
        predicted(database, model_id, [0.0] * 700, latency_ms=values)
        await db.adaptation.watch_drift(model_id, *OF, "LATENCY", "ADWIN")
    else:
        predicted(database, model_id, [0.0] * 700)
        gaps: list[float | None] = list(values)
        for at in (5, 350, 699):
            gaps.insert(at, None)
        with as_owner(database) as owner, owner.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO feature_vectors (timestamp, symbol, exchange, feature_set_id,"
                " features, available_at)"
                " SELECT %s, %s, %s, feature_set_id, ARRAY[0, %s]::float8[], %s"
                " FROM model_versions WHERE model_id = %s",
                [
                    (at, *OF, value, at, model_id)
                    for number, value in enumerate(gaps)
                    for at in [NOON + timedelta(seconds=number)]
                ],
            )
        await db.adaptation.watch_drift(model_id, *OF, "FEATURE", "ADWIN", feature="spread")
        with pytest.raises(NotFound, match="reads no feature"):
            await db.adaptation.watch_drift(model_id, *OF, "FEATURE", "ADWIN", feature="volume")
        await asyncio.sleep(1.1)  # what was recorded within the last second waits
    done = await db.adaptation.check_drift()
    assert done.observations == 700
    found = await db.adaptation.drift_events(model_id)
    assert [one.observation for one in found] == in_memory("ADWIN", {}, values)


async def test_a_restart_after_every_observation_decides_the_same(
    db: AsyncDatabase, database: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One observation a transaction: the state goes through the database each time."""
    monkeypatch.setitem(taking_in.BATCH, "ADWIN", 1)
    values = shifted(6, 160, 90, by=0.6)
    (model_id,) = declare(database)
    await db.adaptation.watch_drift(model_id, *OF, "ERROR", "ADWIN", clock=1, delta=0.05)
    predicted(database, model_id, values)
    done = await db.adaptation.check_drift()
    whole = complete("ADWIN", {"clock": 1, "delta": 0.05})
    expected = in_memory("ADWIN", whole, [abs((101 + one) - 101) for one in values])
    assert done.observations == 160
    assert [one.observation for one in await db.adaptation.drift_events()] == expected != []


async def test_nothing_is_skipped_that_an_open_transaction_still_writes(
    db: AsyncDatabase, database: Place
) -> None:
    """A resolver that commits late writes times before those of one that was quicker."""
    slow, quick = shifted(1, 40, 40, by=0), shifted(2, 60, 60, by=0)
    (model_id,) = declare(database)
    await db.adaptation.watch_drift(model_id, *OF, "LATENCY", "ADWIN")
    room(database)
    with as_owner(database) as owner:
        predict(owner, model_id, slow, latency_ms=[1.0] * 40)
        predicted(database, model_id, quick, first=100, latency_ms=[2.0] * 60)
        waiting = await db.adaptation.check_drift()
        # An administrator's session does not tell when it began: nothing is taken in meanwhile.
        assert waiting.observations == 0
    assert (await db.adaptation.check_drift()).observations == 100


async def test_what_is_newer_than_an_open_transaction_waits_for_it(
    db: AsyncDatabase, database: Place
) -> None:
    (model_id,) = declare(database)
    await db.adaptation.watch_drift(model_id, *OF, "ERROR", "ADWIN")
    predicted(database, model_id, [0.1] * 10)
    with psycopg.connect(database.dsn) as open_one:
        began = open_one.execute("SELECT now()").fetchone()
        await asyncio.sleep(0.05)
        with as_owner(database) as owner:
            predict(owner, model_id, [0.1] * 5, first=20)
            now = owner.execute("SELECT clock_timestamp()").fetchone()
            assert now is not None
        predicted(database, model_id, [0.1] * 5, first=40, known_after=now[0] - NOON)
        await asyncio.sleep(1.1)
        first = await db.adaptation.check_drift()
        assert began is not None
        assert (first.observations, first.held_back_since) == (15, began[0])
    await asyncio.sleep(1.1)
    later = await db.adaptation.check_drift()
    assert later.held_back_since is None


async def test_a_state_of_another_version_is_made_again(db: AsyncDatabase, database: Place) -> None:
    values = shifted(4, 1_200, 500, by=0.4)
    (model_id,) = declare(database)
    await db.adaptation.watch_drift(model_id, *OF, "ERROR", "ADWIN")
    predicted(database, model_id, values[:900])
    await db.adaptation.check_drift()
    for damage in ("state_format = 'pickle/river-0.20'", "state = '\\x00'"):
        with as_owner(database) as owner:
            owner.execute(b"UPDATE drift_detectors SET " + damage.encode())
        first = 900 if "pickle" in damage else 1_000
        predicted(database, model_id, values[first : first + 100], first=first)
        await db.adaptation.check_drift()
        (one,) = await db.adaptation.detectors()
        assert one.note is not None
        assert "made again of" in one.note
    predicted(database, model_id, values[1_100:], first=1_100)
    await db.adaptation.check_drift()
    whole = complete("ADWIN", {})
    found = [one.observation for one in await db.adaptation.drift_events()]
    assert found == in_memory("ADWIN", whole, [abs((101 + one) - 101) for one in values])
    assert len(found) == 1


async def test_since_stop_and_watching_again(db: AsyncDatabase, database: Place) -> None:
    (model_id,) = declare(database)
    predicted(database, model_id, [0.1] * 100)
    since = NOON + timedelta(seconds=11 + 60)
    watched = await db.adaptation.watch_drift(model_id, *OF, "ERROR", "KSWIN", since=since, seed=3)
    same = await db.adaptation.watch_drift(model_id, *OF, "ERROR", "KSWIN", seed=3)
    assert same == watched
    assert (await db.adaptation.check_drift()).observations == 40
    with pytest.raises(IntegrityRefused, match="other parameters"):
        await db.adaptation.watch_drift(model_id, *OF, "ERROR", "KSWIN")
    stopped = await db.adaptation.stop_drift(model_id, *OF, "ERROR", "KSWIN")
    assert stopped.stopped_at is not None
    assert await db.adaptation.stop_drift(model_id, *OF, "ERROR", "KSWIN") == stopped
    other = await db.adaptation.watch_drift(model_id, *OF, "ERROR", "KSWIN")
    assert other.detector_id != watched.detector_id
    assert len(await db.adaptation.detectors(stopped=True)) == 2
    assert await db.adaptation.stop_detector(watched.detector_id) == stopped
    assert [one.detector_id for one in await db.adaptation.detectors()] == [other.detector_id]
    assert (await db.adaptation.stop_detector(other.detector_id)).stopped_at is not None
    assert await db.adaptation.detectors() == []
    with pytest.raises(NotFound, match="no drift detector 4711"):
        await db.adaptation.stop_detector(4711)


async def test_what_cannot_be_watched(db: AsyncDatabase, database: Place) -> None:
    (model_id,) = declare(database)
    watch = db.adaptation.watch_drift
    with pytest.raises(NotFound, match="no model version 'scalper:9'"):
        await watch("scalper:9", *OF, "ERROR", "ADWIN")
    with pytest.raises(NotFound, match="nothing is stored for NOPE"):
        await watch(model_id, "NOPE", EXCHANGE, "ERROR", "ADWIN")
    with pytest.raises(InputError, match="no signal"):
        await watch(model_id, *OF, "PNL", "ADWIN")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="no algorithm"):
        await watch(model_id, *OF, "ERROR", "CUSUM")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="a feature is named"):
        await watch(model_id, *OF, "FEATURE", "ADWIN")
    with pytest.raises(NotFound, match="no model version 'butcher'"):
        await watch("butcher", *OF, "ERROR", "ADWIN")
    with pytest.raises(NotFound, match="does not watch"):
        await db.adaptation.stop_drift(model_id, *OF, "ERROR", "ADWIN")


async def test_a_detector_that_cannot_go_on_is_named_and_keeps_none_back(
    db: AsyncDatabase, database: Place
) -> None:
    (model_id,) = declare(database)
    with as_owner(database) as owner:
        owner.execute(
            "SELECT watch_drift(%s, %s, %s, 'ERROR', NULL, 'PSI', '{\"strange\": 1}', NULL)",
            (model_id, *OF),
        )
    await db.adaptation.watch_drift(model_id, *OF, "ERROR", "ADWIN")
    predicted(database, model_id, [0.1] * 10)
    done = await db.adaptation.check_drift()
    assert done.observations == 10
    assert len(done.failed) == 1
    assert "no parameter strange" in done.failed[0]


async def test_several_at_once_take_in_everything_once(db: AsyncDatabase, database: Place) -> None:
    (model_id,) = declare(database)
    await db.adaptation.watch_drift(model_id, *OF, "ERROR", "PAGE_HINKLEY", threshold=2.0)
    values = shifted(8, 1_000, 500, by=0.5)
    for begin in range(0, 1_000, 250):
        predicted(database, model_id, values[begin : begin + 250], first=begin)
        await asyncio.gather(*(db.adaptation.check_drift() for _ in range(4)))
    (one,) = await db.adaptation.detectors()
    assert one.observations == 1_000
    whole = complete("PAGE_HINKLEY", {"threshold": 2.0})
    found = [one.observation for one in await db.adaptation.drift_events()]
    assert found == in_memory("PAGE_HINKLEY", whole, [abs((101 + e) - 101) for e in values])
    assert all(math.isfinite(event.statistic or 0) for event in await db.adaptation.drift_events())
