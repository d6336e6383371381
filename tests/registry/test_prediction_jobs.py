"""The job that makes the days of features and predictions ahead."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from psycopg import sql

from cryptoscalp import AsyncDatabase
from tests.postgres import Place
from tests.registry.predicting import instrument, model, prediction

_PARENTS = ("feature_vectors", "model_performance")
_CHANGES = (
    sql.SQL("UPDATE {} SET prediction = 1"), sql.SQL("DELETE FROM {}"), sql.SQL("TRUNCATE {}"),
    sql.SQL("INSERT INTO {0} SELECT * FROM {0}"),
)  # fmt: skip


def _days(place: Place) -> set[str]:
    with psycopg.connect(place.dsn) as connection:
        found = connection.execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent::regclass::text"
            " = ANY (%s)",
            (list(_PARENTS),),
        ).fetchall()
    return {name for (name,) in found}


async def test_days_ahead_are_made_once(
    db: AsyncDatabase, database: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRYPTOSCALP_PARTITION_DAYS_AHEAD", "9")
    before = datetime.now(UTC)
    run = await db.jobs.run("make_prediction_partitions")
    today = before.date()
    wanted = {
        f"{parent}_{today + timedelta(days=n):%Y%m%d}" for parent in _PARENTS for n in range(10)
    }
    made = _days(database)
    assert wanted <= made
    assert run.rows == len(made)
    assert run.detail is not None
    assert f"to {today + timedelta(days=9)}" in run.detail
    again = await db.jobs.run("make_prediction_partitions")
    assert again.rows == 0
    assert _days(database) == made


async def test_a_day_made_ahead_holds_the_rules(db: AsyncDatabase, database: Place) -> None:
    await db.jobs.run("make_prediction_partitions")
    await instrument(db)
    now = datetime.now(UTC)
    await db.registry.record_prediction(**prediction(model(database), timestamp=now))
    part = sql.Identifier(f"model_performance_{now:%Y%m%d}")
    for dsn in (database.dsn, database.admin_dsn):
        with psycopg.connect(dsn, autocommit=True) as connection:
            for words in _CHANGES:
                with pytest.raises(psycopg.Error) as refused:
                    connection.execute(words.format(part))
                assert refused.value.sqlstate in ("CS001", "42501"), words
