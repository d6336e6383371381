"""Predictions and the features that they read: no leakage, and the point-in-time join."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest

from cryptoscalp import AsyncDatabase
from cryptoscalp.infra.db.errors import IntegrityRefused, NotFound
from tests.postgres import Place
from tests.registry.predicting import PAST, instrument, model, prediction, table, vector

_S = timedelta(seconds=1)


async def test_features_of_another_set_or_later(db: AsyncDatabase, database: Place) -> None:
    await instrument(db)
    mine = await db.registry.register_feature_set("mine", ["a", "b?"])
    other = await db.registry.register_feature_set("other", ["c"])
    number = model(database, feature_set_id=mine.feature_set_id)
    rows = [vector(-5, available_at=PAST - _S), vector(-4, available_at=PAST + _S)]
    await db.registry.record_features(mine.fingerprint, table(rows))

    async def refused(said: str, features: Any, at: Any, error: type[Exception]) -> None:
        one = prediction(number)
        with pytest.raises(error, match=said):
            await db.registry.record_prediction(
                **one, features=features, features_at=at, backfill=True
            )
        if isinstance(features, bytes):
            batch = table([{**one, "fingerprint": features, "features_at": at}])
        else:
            batch = table([{**one, "feature_set_id": features, "features_at": at}])
        with pytest.raises(error, match=said.removesuffix(" has the fingerprint")):
            await db.registry.record_predictions(batch, backfill=True)

    await refused("features are of set", other.fingerprint, PAST - 5 * _S, IntegrityRefused)
    await refused("there is no feature set 99", 99, PAST - 5 * _S, IntegrityRefused)
    await refused("no feature set has the fingerprint", bytes(32), PAST, NotFound)
    await refused("after the decision", mine.fingerprint, PAST + _S, IntegrityRefused)
    await refused("became available", mine.fingerprint, PAST - 4 * _S, IntegrityRefused)
    found = await db.registry.record_prediction(
        **prediction(number), features=mine.fingerprint.hex(), features_at=PAST - 5 * _S,
        backfill=True,
    )  # fmt: skip
    assert not found.is_duplicate


@pytest.mark.parametrize("seed", range(5))
async def test_the_join_is_point_in_time(db: AsyncDatabase, database: Place, seed: int) -> None:
    """Against a brute-force look at every vector, with vectors that came late."""
    draw = random.Random(seed)
    for symbol in ("BTCUSDT", "ETHUSDT"):
        await instrument(db, symbol)
    known = await db.registry.register_feature_set("set", ["a", "b?"])
    decoy = await db.registry.register_feature_set("decoy", ["a"])
    number = model(database)
    days = 2 * 86_400
    vectors: dict[Any, dict[str, Any]] = {}
    for _ in range(60):
        one = vector(
            draw.randrange(0, days, 900), symbol=draw.choice(["BTCUSDT", "ETHUSDT"]),
            a=draw.random(), b=draw.choice([None, draw.random()]),
        )  # fmt: skip
        one["available_at"] = one["timestamp"] + draw.choice([0, 0, 900, 7_200, 90_000]) * _S
        vectors[one["symbol"], one["timestamp"]] = one
    held = list(vectors.values())
    await db.registry.record_features(known.feature_set_id, table(held))
    others = [{name: one[name] for name in one if name != "b"} for one in held]
    await db.registry.record_features(decoy.fingerprint, table(others))
    made = {
        (symbol, at): prediction(number, at, symbol=symbol)
        for symbol, at in (
            (draw.choice(["BTCUSDT", "ETHUSDT"]), draw.randrange(0, days, 300)) for _ in range(80)
        )
    }
    batch = table(list(made.values()))
    await db.registry.record_predictions(batch, backfill=True)
    reach = timedelta(hours=draw.choice([1, 6, 24]))
    decisions = batch.select(["timestamp", "symbol", "exchange"])
    by_moment = await db.registry.training_set(known.fingerprint, decisions, reach=reach)
    by_model = await db.registry.training_set(known.fingerprint, model=number, reach=reach)
    assert by_moment.num_rows == by_model.num_rows == batch.num_rows
    for found in (*by_moment.to_pylist(), *by_model.to_pylist()):
        at = found["timestamp"]
        best = max(
            (one for one in held if one["symbol"] == found["symbol"]
             and at - reach < one["timestamp"] <= at and one["available_at"] <= at),
            key=lambda one: one["timestamp"], default={},
        )  # fmt: skip
        assert found["features_at"] == best.get("timestamp")
        assert (found["a"], found["b"]) == (best.get("a"), best.get("b"))
