"""Predictions: one by one on both faces, and in batches, beside bare INSERT and COPY."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import psycopg
import pyarrow as pa
from psycopg import sql

from bench.figures import Bar, Figure, Section, latency
from bench.place import Place
from cryptoscalp import Database

NAME: Final = "predictions"
_WARM_UP: Final = 50
_COLUMNS: Final = (
    "timestamp, model_version, symbol, prediction, confidence, latency_ms, exchange, model_id,"
    " horizon, due_at, inputs_until, feature_set_id, features_at, backfilled"
)
_BARE: Final = sql.SQL("INSERT INTO bare_predictions ({}) VALUES ({})").format(
    sql.SQL(_COLUMNS), sql.SQL(", ").join([sql.Placeholder()] * 14)
)
_COPY: Final = sql.SQL("COPY bare_predictions ({}) FROM STDIN").format(sql.SQL(_COLUMNS))
_AHEAD: Final = timedelta(minutes=5)
Calls = tuple[list[float], list[float]]


def measure(place: Place, quick: bool) -> Section:
    """Record predictions one by one and in batches, every rule checked and every call committed."""
    calls, size, batches, days = (50, 1_000, 2, 3) if quick else (5_000, 20_000, 5, 60)
    with place.connect() as db, place.bare(admin=True) as admin:
        model, feature_set = _prepare(db, admin, days)
    place.settle()
    figures: list[Figure] = []
    bars = {"p99": (Bar("figure", "<", 1_000),)}
    with place.connect() as db:
        figures += latency("sync, one prediction", *_sync(db, model, feature_set, calls), bars)
    found = asyncio.run(_async(place, model, feature_set, calls))
    figures += latency("async, one prediction", *found, bars)
    with place.connect() as db:
        figures.append(_batches(db, model, feature_set, size, batches))
    return Section(
        NAME,
        f"record_prediction, record_predictions through the product's pool; {days} days of"
        " partitions, each prediction with the feature vector that it read; every call committed",
        "INSERT of the same row into an equal table (keys, indexes and checks, no partitions or"
        " triggers), prepared; batches: COPY of the same rows into it",
        place.settings(),
        figures,
    )


def _prepare(db: Database, admin: psycopg.Connection[Any], days: int) -> tuple[int, int]:
    now = datetime.now(UTC)
    db.market.add_instrument("BTCUSDT", "binance", base="BTC", quote="USDT")
    db.market.ensure_partitions(
        now - timedelta(days=days), now, ["feature_vectors", "model_performance"]
    )
    known = db.registry.register_feature_set("bench", ["a", "b", "c"])
    made = db.registry.register_version("bench", feature_set=known.feature_set_id).version
    db.registry.promote(made.model_id)
    admin.execute("SET ROLE cryptoscalp_owner")
    admin.execute("CREATE TABLE bare_predictions (LIKE model_performance INCLUDING ALL)")
    admin.execute("GRANT INSERT ON bare_predictions TO cryptoscalp_app")
    admin.execute("RESET ROLE")
    return made.model_id, known.feature_set_id


def _row(model: int, feature_set: int, at: datetime, n: int) -> tuple[Any, ...]:
    return (at, "1", "BTCUSDT", 60_000.0 + n, 0.5, 1.25, "binance", model, _AHEAD, at + _AHEAD, at,
            feature_set, at, False)  # fmt: skip


def _given(model: int, feature_set: int, at: datetime, n: int) -> tuple[Any, ...]:
    return (model, "BTCUSDT", "binance", at, _AHEAD, 60_000.0 + n, 0.5, 1.25, at)


def _sync(db: Database, model: int, feature_set: int, calls: int) -> Calls:
    ours: list[float] = []
    peer: list[float] = []
    for n in range(_WARM_UP + calls):
        at = datetime.now(UTC)
        given = _given(model, feature_set, at, n)
        began = time.perf_counter()
        db.registry.record_prediction(*given, features=feature_set, features_at=at)
        ours.append(time.perf_counter() - began)
        row = _row(model, feature_set, at, n)
        with db.registry.driver.pool.connection() as bare:
            began = time.perf_counter()
            bare.execute(_BARE, row)
            peer.append(time.perf_counter() - began)
    return ours[_WARM_UP:], peer[_WARM_UP:]


async def _async(place: Place, model: int, feature_set: int, calls: int) -> Calls:
    ours: list[float] = []
    peer: list[float] = []
    async with place.connect_async() as db:
        for n in range(_WARM_UP + calls):
            at = datetime.now(UTC)
            given = _given(model, feature_set, at, n)
            began = time.perf_counter()
            await db.registry.record_prediction(*given, features=feature_set, features_at=at)
            ours.append(time.perf_counter() - began)
            row = _row(model, feature_set, at, n)
            async with db.registry.driver.pool.connection() as bare:
                began = time.perf_counter()
                await bare.execute(_BARE, row)
                peer.append(time.perf_counter() - began)
    return ours[_WARM_UP:], peer[_WARM_UP:]


def _batches(db: Database, model: int, feature_set: int, size: int, batches: int) -> Figure:
    mine = theirs = 0.0
    for n in range(batches + 1):
        start = datetime.now(UTC) - timedelta(seconds=240)  # before the single ones
        times = [start + timedelta(microseconds=one) for one in range(size)]
        rows = [_row(model, feature_set, at, one) for one, at in enumerate(times)]
        at = pa.array(times, pa.timestamp("us", "UTC"))
        table = pa.table(
            {
                "model_id": [model] * size, "symbol": ["BTCUSDT"] * size,
                "exchange": ["binance"] * size, "timestamp": at, "inputs_until": at,
                "horizon": pa.array([_AHEAD] * size, pa.duration("us")),
                "prediction": [row[3] for row in rows], "confidence": [0.5] * size,
                "latency_ms": [1.25] * size, "feature_set_id": [feature_set] * size,
                "features_at": at,
            }
        )  # fmt: skip
        vectors = table.select(["timestamp", "symbol", "exchange"])
        for name in ("a", "b", "c"):
            vectors = vectors.append_column(name, table["prediction"])
        db.registry.record_features(feature_set, vectors)
        began = time.perf_counter()
        db.registry.record_predictions(table)
        ours = time.perf_counter() - began
        with db.registry.driver.pool.connection() as bare:
            began = time.perf_counter()
            with bare.cursor() as cursor, cursor.copy(_COPY) as copy:
                for row in rows:
                    copy.write_row(row)
            peer = time.perf_counter() - began
        if n:  # plans are made in the first one
            mine += ours
            theirs += peer
    total = size * batches
    bars = (Bar("figure", "≥", 20_000),)
    return Figure(f"predictions, {size:,} a batch", total / mine, "rows/s", total / theirs, bars)
