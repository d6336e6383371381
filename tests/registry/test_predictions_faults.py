"""Batches of predictions when a writer is killed, and when several write the same ones at once."""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import sys
import time
from datetime import timedelta
from typing import Any

import psycopg
import pyarrow as pa
import pytest

from cryptoscalp import AsyncDatabase
from cryptoscalp.infra.db.errors import IntegrityRefused
from cryptoscalp.registry.prediction_types import Recorded
from tests.postgres import Place, settle
from tests.registry.predicting import PAST, instrument, model, prediction, table
from tests.registry.recording_victim import APART_S

_SIZE = 2_000


def _killed(dsn: str, model_id: int, first: int, pause_s: float) -> int:
    """Record batches in a process, kill it so long after the first is stored; the last it told."""
    command = [sys.executable, "-m", "tests.registry.recording_victim", dsn, str(model_id)]
    with subprocess.Popen(
        [*command, str(first), str(_SIZE)], env=os.environ, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        told = [process.stdout.readline()]
        time.sleep(pause_s)
        process.kill()
        told += process.stdout.readlines()
    return int(told[-1])


def _stored(place: Place) -> dict[int, int]:
    """Rows by batch, once no other connection does anything."""
    settle(place.admin_dsn)
    with psycopg.connect(place.admin_dsn, autocommit=True) as connection:
        found = connection.execute(
            "SELECT floor(extract(epoch FROM timestamp - %s) / %s)::int, count(*)::int"
            " FROM model_performance GROUP BY 1",
            (PAST, APART_S),
        ).fetchall()
    return dict(found)


@pytest.mark.timeout(120)
async def test_a_killed_writer_leaves_whole_batches(db: AsyncDatabase, database: Place) -> None:
    await instrument(db)
    number = model(database)
    drawn = random.Random(7)
    told: set[int] = set()
    for _ in range(6):
        first = max(told, default=-1) + 2  # the one after the last told may be there
        last = await asyncio.to_thread(_killed, database.dsn, number, first, drawn.uniform(0, 0.2))
        told |= set(range(first, last + 1))
        stored = _stored(database)
        assert set(stored.values()) == {_SIZE}
        assert told <= set(stored)


def _direct(dsn: str, given: list[dict[str, Any]]) -> tuple[int, int]:
    """Record a batch by the function itself: nothing tries again."""
    names = ("model_id", "symbol", "exchange", "timestamp", "horizon", "prediction", "confidence",
             "latency_ms", "inputs_until")  # fmt: skip
    with psycopg.connect(dsn, autocommit=True) as connection:
        found = connection.execute(
            "SELECT stored, duplicate FROM record_predictions(%s::bigint[], %s, %s,"
            " %s::timestamptz[], %s::interval[], %s, %s, %s, %s::timestamptz[],"
            " p_backfill => true)",
            [[one[name] for one in given] for name in names],
        ).fetchone()
    assert found is not None
    return found[0], found[1]


def _crossing(database: Place, symbols: tuple[str, ...]) -> list[dict[str, Any]]:
    numbers = [model(database, name) for name in ("m", "n")]
    return [
        prediction(number, after, symbol=symbol, horizon=timedelta(minutes=minutes))
        for number in numbers
        for symbol in symbols
        for minutes in (1, 5)
        for after in range(0, 300_000, 1_500)  # on four days
    ]


async def test_overlapping_batches_in_any_order(db: AsyncDatabase, database: Place) -> None:
    """Through the product, which makes the days as well; the same is stored once."""
    for symbol in ("BTCUSDT", "ETHUSDT"):
        await instrument(db, symbol)
    all_of_them = _crossing(database, ("BTCUSDT", "ETHUSDT"))
    parts = [all_of_them, all_of_them[::-1], all_of_them[:900][::-1], all_of_them[700:]]
    done: list[Recorded] = await asyncio.gather(
        *(db.registry.record_predictions(table(part), backfill=True) for part in parts)
    )
    assert [one.received for one in done] == [len(part) for part in parts]
    assert sum(one.stored for one in done) == len(all_of_them)
    found: pa.Table = await db.registry.predictions(PAST, PAST + timedelta(days=5))
    assert found.num_rows == len(all_of_them)


async def test_opposite_orders_do_not_deadlock(db: AsyncDatabase, database: Place) -> None:
    """By plain SQL: no retry of the product's hides a deadlock."""
    for symbol in ("BTCUSDT", "ETHUSDT"):
        await instrument(db, symbol)
    everything = _crossing(database, ("BTCUSDT", "ETHUSDT"))
    await db.market.ensure_partitions(PAST, PAST + timedelta(days=4), ["model_performance"])
    for half in (everything[::2], everything[1::2]):
        shuffled = random.Random(3).sample(half, len(half))
        done = await asyncio.gather(
            *(asyncio.to_thread(_direct, database.dsn, part)
              for part in (half, half[::-1], shuffled, shuffled[::-1]))
        )  # fmt: skip
        assert sum(stored for stored, _ in done) == len(half)
        assert sum(duplicate for _, duplicate in done) == 3 * len(half)


async def test_of_two_contents_at_once_one_is_stored(db: AsyncDatabase, database: Place) -> None:
    await instrument(db)
    number = model(database)
    first = [prediction(number, after) for after in range(500)]
    other = [{**one, "prediction": 1.0} for one in first[::-1]]
    await db.market.ensure_partitions(PAST, PAST, ["model_performance"])
    done = await asyncio.gather(
        *(db.registry.record_predictions(table(batch), backfill=True) for batch in (first, other)),
        return_exceptions=True,
    )
    assert sum(isinstance(one, IntegrityRefused) for one in done) == 1
    found = await db.registry.predictions(PAST, PAST + timedelta(days=1))
    assert found.num_rows == 500
    assert len(set(found["prediction"].to_pylist())) == 1
