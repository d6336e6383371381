"""Feature sets and vectors: fingerprints, what is refused, what plain SQL may not do."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import psycopg
import pyarrow as pa
import pytest
from psycopg import sql

from cryptoscalp import AsyncDatabase
from cryptoscalp.infra.db.errors import InputError, IntegrityRefused, NotFound
from cryptoscalp.registry.features import feature_fingerprint
from cryptoscalp.registry.prediction_types import Recorded
from tests.postgres import Place
from tests.registry.predicting import PAST, instrument, model, prediction, table, vector


async def test_a_set_is_known_by_its_fingerprint(db: AsyncDatabase, database: Place) -> None:
    names = ["mid", "größe", "späte?"]
    made = await db.registry.register_feature_set("first", names)
    assert made.fingerprint == feature_fingerprint(names)
    assert await db.registry.register_feature_set("again", names) == made
    for reference in (made.feature_set_id, made.fingerprint, made.fingerprint.hex()):
        assert await db.registry.feature_set(reference) == made
    other = await db.registry.register_feature_set("first", names[::-1])
    assert await db.registry.feature_sets("first") == [made, other]
    with pytest.raises(NotFound):
        await db.registry.feature_set(99)


@pytest.mark.parametrize(
    "names", [[], ["a", "a"], ["a", "a?"], [""], [" "], ["a "], ["a\n"], ["?"], ["timestamp"]]
)
async def test_names_that_are_none(db: AsyncDatabase, names: list[str]) -> None:
    with pytest.raises(IntegrityRefused, match="feature set 's'"):
        await db.registry.register_feature_set("s", names)
    assert not await db.registry.feature_sets()


async def test_vectors_by_columns_and_as_lists(db: AsyncDatabase, database: Place) -> None:
    await instrument(db)
    made = await db.registry.register_feature_set("s", ["a", "b?"])
    rows = [vector(0), vector(1, a=-1.5, b=None), vector(90_000)]
    by_column = table(rows)
    assert await db.registry.record_features(made.fingerprint, by_column) == Recorded(3, 3, 0)
    lists = by_column.drop_columns(["a", "b"]).append_column(
        "features", pa.array([[1.0, 2.0], [-1.5, None], [1.0, 2.0]])
    )
    assert await db.registry.record_features(made.feature_set_id, lists) == Recorded(3, 0, 3)
    end = PAST + timedelta(days=2)
    found = await db.registry.features(made.fingerprint, "BTCUSDT", PAST, end)
    for name in by_column.column_names:
        assert found[name].to_pylist() == by_column[name].to_pylist()
    assert found["available_at"].equals(found["timestamp"])


@pytest.mark.parametrize(
    ("changes", "error", "said"),
    [
        ({"a": float("nan")}, IntegrityRefused, "row 2 .*a is NaN"),
        ({"b": float("-inf")}, IntegrityRefused, r"row 2 .*b\? is -Infinity"),
        ({"a": None}, IntegrityRefused, "row 2 .*a is absent"),
        ({"symbol": "NOPE"}, NotFound, "row 2 .*no such instrument"),
        ({"available_at": PAST - timedelta(1)}, IntegrityRefused, "row 2 .*before its own time"),
        ({"a": 7.0, "timestamp": PAST}, IntegrityRefused, "another content"),
    ],
)
async def test_a_bad_vector_refuses_the_batch(
    db: AsyncDatabase, changes: dict[str, Any], error: type[Exception], said: str
) -> None:
    await instrument(db)
    made = await db.registry.register_feature_set("s", ["a", "b?"])
    rows = [{"available_at": one["timestamp"], **one} for one in (vector(0), vector(1, **changes))]
    with pytest.raises(error, match=said):
        await db.registry.record_features(made.fingerprint, table(rows))
    end = PAST + timedelta(days=1)
    assert not (await db.registry.features(made.fingerprint, "BTCUSDT", PAST, end)).num_rows


async def test_another_sets_columns_are_refused(db: AsyncDatabase) -> None:
    made = await db.registry.register_feature_set("s", ["a", "c"])
    with pytest.raises(InputError, match="missing: c; unknown: b"):
        await db.registry.record_features(made.fingerprint, table([vector()]))


async def test_plain_sql_changes_nothing(db: AsyncDatabase, database: Place) -> None:
    await instrument(db)
    made = await db.registry.register_feature_set("s", ["a", "b?"])
    await db.registry.record_features(made.fingerprint, table([vector()]))
    number = model(database)
    await db.registry.record_predictions(table([prediction(number)]), backfill=True)
    parts = ("feature_vectors_20240808", "model_performance_20240808")
    for dsn in (database.dsn, database.admin_dsn):
        with psycopg.connect(dsn, autocommit=True) as connection:
            for name in ("feature_vectors", "model_performance", *parts):
                for words in (
                    "UPDATE {} SET recorded_at = now()",
                    "DELETE FROM {}",
                    "TRUNCATE {}",
                    "INSERT INTO {0} SELECT * FROM {0}",
                ):
                    with pytest.raises(psycopg.Error) as refused:
                        connection.execute(sql.SQL(words).format(sql.Identifier(name)))
                    assert refused.value.sqlstate in ("CS001", "42501"), words
