"""Predictions recorded by plain SQL, as the login: the functions themselves refuse what is bad."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg import sql

from cryptoscalp import connect
from tests.postgres import Place
from tests.registry.predicting import PAST, model, prediction

_TYPES = {
    "model_id": "bigint", "symbol": "text", "exchange": "text", "timestamp": "timestamptz",
    "horizon": "interval", "prediction": "float8", "confidence": "float8",
    "latency_ms": "float8", "inputs_until": "timestamptz", "feature_set_id": "bigint",
    "features_at": "timestamptz",
}  # fmt: skip
#: The batch's function calls its arrays by the plural.
_PLURALS = {
    "latency_ms": "latencies_ms",
    "inputs_until": "inputs_until",
    "features_at": "features_at",
}
#: What is changed, the SQLSTATE, and what is said.
BAD: list[tuple[dict[str, Any], str, str]] = [
    ({"prediction": "NaN"}, "CS010", "prediction NaN"),
    ({"prediction": "-Infinity"}, "CS010", "prediction -Infinity"),
    ({"prediction": 1e300}, "CS010", r"prediction 1e\+300"),
    ({"confidence": 1.5}, "CS010", "confidence 1.5 lies outside of 0 to 1"),
    ({"confidence": "NaN"}, "CS010", "confidence NaN"),
    ({"latency_ms": 1e300}, "CS010", "latency_ms"),
    ({"inputs_until": PAST + timedelta(microseconds=1)}, "CS010", "its inputs reach to"),
    ({"inputs_until": "-infinity"}, "CS010", "inputs_until -infinity .*is no moment"),
    ({"inputs_until": "infinity"}, "CS010", "is no moment"),
    ({"timestamp": "infinity"}, "CS010", "in the future"),
    ({"timestamp": "-infinity"}, "CS010", "before 2009-01-03"),
    ({"horizon": "1 month"}, "CS010", "horizon"),
    ({"horizon": "-1 s"}, "CS010", "horizon"),
    ({"feature_set_id": 1, "features_at": "-infinity"}, "CS010", "is no moment"),
    ({"features_at": PAST}, "CS010", "without the feature set"),
    ({"feature_set_id": 99}, "CS010", "there is no feature set 99"),
    ({"model_id": 99}, "CS011", "no such model version"),
    ({"symbol": "NOPE"}, "CS011", "no such instrument"),
    ({"exchange": "nowhere"}, "CS011", "no such instrument"),
    *(({name: None}, "CS010", "is missing")
      for name in ("timestamp", "horizon", "prediction", "confidence", "latency_ms",
                   "inputs_until")),
    *(({name: None}, "CS011", "no such") for name in ("model_id", "symbol", "exchange")),
]  # fmt: skip


@pytest.fixture
def number(database: Place) -> int:
    """A deployed model version, with the instrument and the days that it predicts for."""
    with connect(database.dsn) as db:
        db.market.add_instrument("BTCUSDT", "binance", base="BTC", quote="USDT")
        for day in (PAST, datetime.now(UTC)):
            db.market.ensure_partitions(day, day, ["model_performance"])
    return model(database)


def _one(dsn: str, given: dict[str, Any], *, backfill: bool = True) -> None:
    named = [sql.SQL(f"p_{name} => %s::{_TYPES[name]}") for name in given]
    statement = sql.SQL("SELECT record_prediction({}, p_backfill => %s)")
    with psycopg.connect(dsn) as connection:
        connection.execute(statement.format(sql.SQL(", ").join(named)), [*given.values(), backfill])


def _batch(dsn: str, rows: list[dict[str, Any]], *, backfill: bool = True) -> None:
    names = list(rows[0])
    named = [
        sql.SQL(f"p_{_PLURALS.get(name, name + 's')} => %s::text[]::{_TYPES[name]}[]")
        for name in names
    ]
    columns = [[None if row[name] is None else str(row[name]) for row in rows] for name in names]
    statement = sql.SQL("SELECT record_predictions({}, p_backfill => %s)")
    with psycopg.connect(dsn) as connection:
        connection.execute(statement.format(sql.SQL(", ").join(named)), [*columns, backfill])


def _count(dsn: str) -> int:
    with psycopg.connect(dsn) as connection:
        found = connection.execute("SELECT count(*) FROM model_performance").fetchone()
    assert found is not None
    return int(found[0])


def test_each_is_refused_one_by_one_and_with_its_batch(database: Place, number: int) -> None:
    good = prediction(number, 1, features_at=None, feature_set_id=None)
    for changes, state, said in BAD:
        bad = prediction(number, features_at=None, feature_set_id=None) | changes
        with pytest.raises(psycopg.Error, match=said) as refused:
            _one(database.dsn, bad)
        assert refused.value.sqlstate == state, changes
        with pytest.raises(psycopg.Error, match=f"row 2 .*{said}") as refused:
            _batch(database.dsn, [good, bad])
        assert refused.value.sqlstate == state, changes
    assert _count(database.dsn) == 0
    _batch(database.dsn, [good])
    assert _count(database.dsn) == 1


def test_an_outcome_that_could_be_known_is_a_backfill(database: Place, number: int) -> None:
    for write in (_one, lambda dsn, one, backfill: _batch(dsn, [one], backfill=backfill)):
        with pytest.raises(psycopg.Error, match="outcome could be known") as refused:
            write(database.dsn, prediction(number), backfill=False)
        assert refused.value.sqlstate == "CS010"
    assert _count(database.dsn) == 0
    _one(database.dsn, prediction(number, timestamp=datetime.now(UTC)), backfill=False)
    assert _count(database.dsn) == 1


def test_a_stored_key_keeps_its_content(database: Place, number: int) -> None:
    given = prediction(number)
    _one(database.dsn, given)
    _one(database.dsn, given)
    for changes in ({"prediction": 1.0}, {"confidence": 0.5}, {"latency_ms": 2.0},
                    {"inputs_until": PAST}):  # fmt: skip
        for write in (_one, lambda dsn, one: _batch(dsn, [one])):
            with pytest.raises(psycopg.Error, match="there with another content") as refused:
                write(database.dsn, given | changes)
            assert refused.value.sqlstate == "CS010"
    assert _count(database.dsn) == 1


def test_arrays_of_different_lengths(database: Place, number: int) -> None:
    with psycopg.connect(database.dsn) as connection:
        with pytest.raises(psycopg.Error, match="different lengths") as refused:
            connection.execute(
                "SELECT record_predictions(ARRAY[%s::bigint], ARRAY['BTCUSDT'], ARRAY['binance'],"
                " ARRAY[now(), now()], ARRAY[interval '1 min'], ARRAY[1], ARRAY[0.5], ARRAY[1],"
                " ARRAY[now()])",
                (number,),
            )
        assert refused.value.sqlstate == "CS010"
