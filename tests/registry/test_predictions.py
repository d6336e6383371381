"""Recording predictions: one by one and in batches, what is refused, what counts as the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from cryptoscalp import AsyncDatabase
from cryptoscalp.infra.db.errors import InputError, IntegrityRefused, NotFound
from cryptoscalp.registry.prediction_types import Recorded
from tests.postgres import Place
from tests.registry.predicting import PAST, instrument, model, prediction, retire, table

_NAN = float("nan")


async def _one(db: AsyncDatabase, given: dict[str, Any], **more: Any) -> Any:
    return await db.registry.record_prediction(**given, **more)


async def test_a_batch_is_stored_and_read(db: AsyncDatabase, database: Place) -> None:
    await instrument(db)
    number = model(database)
    given = table([prediction(number, after, horizon=timedelta(days=2)) for after in range(3)])
    assert await db.registry.record_predictions(given, backfill=True) == Recorded(3, 3, 0)
    assert await db.registry.record_predictions(given, backfill=True) == Recorded(3, 0, 3)
    found = await db.registry.predictions(PAST, PAST + timedelta(days=1), "m:1")
    for name in given.column_names:
        assert found[name].to_pylist() == given[name].to_pylist()
    assert set(found["backfilled"].to_pylist()) == {True}
    assert found["due_at"][0].as_py() == PAST + timedelta(days=2)
    assert set(found["model_version"].to_pylist()) == {"1"}
    end = PAST + timedelta(days=1)
    done = await db.registry.predictions(PAST, end, number, "BTC/USDT", "binance", resolved=True)
    assert not done.num_rows


async def test_names_of_models_stand_for_numbers(db: AsyncDatabase, database: Place) -> None:
    await instrument(db)
    number = model(database)
    one = prediction(number)
    del one["model_id"]
    given = table([{**one, "model": "m", "version": "1"}])
    assert await db.registry.record_predictions(given, backfill=True) == Recorded(1, 1, 0)
    with pytest.raises(NotFound, match="no version '2' of a model 'm'"):
        await db.registry.record_predictions(table([{**one, "model": "m", "version": "2"}]))


async def test_one_prediction_live(db: AsyncDatabase, database: Place) -> None:
    await instrument(db)
    number = model(database)
    now = datetime.now(UTC)
    longest = timedelta(days=10_000) - timedelta(microseconds=1)
    far = await _one(db, prediction(number, timestamp=now, horizon=longest))
    assert far.due_at == now + longest
    found = await _one(db, prediction(number, timestamp=now))
    assert (found.is_duplicate, found.model_version, found.backfilled) == (False, "1", False)
    assert found.due_at == now + timedelta(minutes=1)
    again = await _one(db, prediction(number, timestamp=now))
    assert again.is_duplicate
    assert again.due_at == found.due_at
    with pytest.raises(IntegrityRefused, match=r"60000\.5.*60001"):
        await _one(db, prediction(number, timestamp=now, prediction=60_001))


@pytest.mark.long
@pytest.mark.parametrize(
    ("changes", "error", "said"),
    [
        ({"model_id": 99}, NotFound, "no such model version"),
        ({"symbol": "NOPE"}, NotFound, "no such instrument"),
        ({"confidence": 1.01}, IntegrityRefused, r"confidence 1\.01"),
        ({"confidence": -0.1}, IntegrityRefused, r"confidence -0\.1"),
        ({"confidence": _NAN}, IntegrityRefused, "confidence NaN"),
        ({"prediction": _NAN}, IntegrityRefused, "prediction NaN"),
        ({"prediction": float("inf")}, IntegrityRefused, "prediction Infinity"),
        ({"latency_ms": -1.0}, IntegrityRefused, "latency_ms -1"),
        ({"latency_ms": _NAN}, IntegrityRefused, "latency_ms NaN"),
        ({"horizon": timedelta(0)}, IntegrityRefused, "horizon"),
        ({"horizon": -timedelta(seconds=1)}, IntegrityRefused, "horizon"),
        ({"horizon": timedelta(days=10_000)}, IntegrityRefused, "above zero and below 10000 days"),
        ({"inputs_until": PAST + timedelta(hours=1)}, IntegrityRefused, "inputs reach to"),
        ({"timestamp": datetime(2009, 1, 2, tzinfo=UTC)}, IntegrityRefused, "before 2009-01-03"),
        ({"timestamp": datetime(2999, 1, 2, tzinfo=UTC)}, IntegrityRefused, "in the future"),
    ],
)
async def test_bad_input_is_refused(
    db: AsyncDatabase, database: Place, changes: dict[str, Any],
    error: type[Exception], said: str,
) -> None:  # fmt: skip
    await instrument(db)
    number = model(database)
    bad = prediction(number, **changes)
    if "timestamp" in changes:
        bad["inputs_until"] = bad["timestamp"]
    with pytest.raises(error, match=said):
        await _one(db, bad, backfill=True)
    batch = table([prediction(number, -1), bad])
    with pytest.raises(error, match=f"row 2 .*{said}"):
        await db.registry.record_predictions(batch, backfill=True)
    start = datetime(2009, 1, 1, tzinfo=UTC)
    assert not (await db.registry.predictions(start, datetime.now(UTC))).num_rows


async def test_what_could_be_known_must_be_said(db: AsyncDatabase, database: Place) -> None:
    await instrument(db)
    number = model(database)
    with pytest.raises(IntegrityRefused, match="backfill"):
        await _one(db, prediction(number))
    with pytest.raises(IntegrityRefused, match=r"row 1 .*backfill"):
        await db.registry.record_predictions(table([prediction(number)]))
    assert (await _one(db, prediction(number), backfill=True)).backfilled
    # Said again, it is the same, however late.
    assert (await _one(db, prediction(number))).is_duplicate
    again = await db.registry.record_predictions(table([prediction(number)]))
    assert again == Recorded(1, 0, 1)


@pytest.mark.parametrize("status", ["TRAINING", "RETIRED", "VALIDATING"])
async def test_who_predicts_now(db: AsyncDatabase, database: Place, status: str) -> None:
    await instrument(db)
    number = model(database, status=status)
    live = prediction(number, timestamp=datetime.now(UTC))
    if status == "VALIDATING":
        assert not (await _one(db, live)).is_duplicate
        return
    with pytest.raises(IntegrityRefused, match=status):
        await _one(db, live)
    with pytest.raises(IntegrityRefused, match=status):
        await db.registry.record_predictions(table([live]))
    assert not (await _one(db, live, backfill=True)).backfilled


async def test_a_retry_after_retirement_is_the_same(db: AsyncDatabase, database: Place) -> None:
    await instrument(db)
    number = model(database)
    live = prediction(number, timestamp=datetime.now(UTC))
    await _one(db, live)
    retire(database, number)
    assert (await _one(db, live)).is_duplicate


async def test_another_content_refuses_the_batch(db: AsyncDatabase, database: Place) -> None:
    await instrument(db)
    number = model(database)
    await db.registry.record_predictions(table([prediction(number)]), backfill=True)
    batch = table([prediction(number, 1), prediction(number, 0, confidence=0.5)])
    with pytest.raises(IntegrityRefused, match=r"row 2 .*confidence 0\.75.*confidence 0\.5"):
        await db.registry.record_predictions(batch, backfill=True)
    twice = table([prediction(number, 2), prediction(number, 2, latency_ms=9.0)])
    with pytest.raises(
        IntegrityRefused, match=r"rows [12] and [12] contradict .*9, .*1\.5, .* batch"
    ):
        await db.registry.record_predictions(twice, backfill=True)
    same = table([prediction(number, 3), prediction(number, 3)])
    assert await db.registry.record_predictions(same, backfill=True) == Recorded(2, 1, 1)
    assert (await db.registry.predictions(PAST, PAST + timedelta(hours=1))).num_rows == 2


async def test_columns_that_do_not_fit(db: AsyncDatabase, database: Place) -> None:
    given = table([prediction(1)])
    naive = given["timestamp"].cast(pa.timestamp("us"))
    with pytest.raises(InputError, match="time zone"):
        await db.registry.record_predictions(
            given.set_column(given.column_names.index("timestamp"), "timestamp", naive)
        )
    with pytest.raises(InputError, match="missing: horizon; unknown: colour"):
        await db.registry.record_predictions(
            given.drop_columns(["horizon"]).append_column("colour", pa.array(["red"]))
        )
    with pytest.raises(InputError, match="model_id, or model and version"):
        await db.registry.record_predictions(given.drop_columns(["model_id"]))
    assert await db.registry.record_predictions(given.slice(0, 0)) == Recorded(0, 0, 0)
