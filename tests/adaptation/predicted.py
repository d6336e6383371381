"""What detectors watch, stored by plain SQL as the owner: versions, predictions, features."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final, LiteralString

import psycopg

from tests.postgres import Place

NOON: Final = datetime(2024, 8, 8, 12, tzinfo=UTC)
SYMBOL: Final = "BTCUSDT"
EXCHANGE: Final = "binance"
HORIZON: Final = timedelta(seconds=10)


@contextmanager
def as_owner(place: Place) -> Iterator[psycopg.Connection[Any]]:
    """A transaction with the rights of who owns the tables."""
    with psycopg.connect(place.admin_dsn) as connection:
        connection.execute("SET ROLE cryptoscalp_owner")
        connection.execute("SET TimeZone TO 'UTC'")
        yield connection


def declare(
    place: Place,
    name: str = "scalper",
    versions: Iterable[str] = ("1",),
    *,
    kind: str = "PRICE",
    features: Sequence[str] | None = None,
) -> list[int]:
    """Versions of a model, and BTCUSDT on binance; their numbers."""
    with as_owner(place) as owner:
        owner.execute(
            "INSERT INTO exchanges (exchange_id) VALUES (%s) ON CONFLICT DO NOTHING", (EXCHANGE,)
        )
        owner.execute(
            "INSERT INTO instruments (symbol, exchange) VALUES (%s, %s) ON CONFLICT DO NOTHING",
            (SYMBOL, EXCHANGE),
        )
        owner.execute(
            "INSERT INTO models (model_name, target_kind) VALUES (%s, %s::target_kind)"
            " ON CONFLICT DO NOTHING",
            (name, kind),
        )
        set_id = None
        if features is not None:
            set_id = _one(
                owner,
                "INSERT INTO feature_sets (name, features, fingerprint)"
                " VALUES (%s, %s, sha256(array_to_string(%s::text[], ',')::bytea))"
                " RETURNING feature_set_id",
                (name, list(features), list(features)),
            )
        return [
            _one(
                owner,
                "INSERT INTO model_versions (model_name, version, version_number,"
                " performance_metrics, feature_set_id)"
                " VALUES (%s, %s, (SELECT 1 + count(*) FROM model_versions WHERE model_name = %s),"
                " '{\"mae\": 1}', %s) RETURNING model_id",
                (name, version, name, set_id),
            )
            for version in versions
        ]


def _one(owner: psycopg.Connection[Any], statement: LiteralString, parameters: Any) -> int:
    row = owner.execute(statement, parameters).fetchone()
    assert row is not None
    number: int = row[0]
    return number


def room(place: Place, start: datetime = NOON) -> None:
    """Partitions for predictions of about a day; a transaction of their own."""
    with as_owner(place) as owner:
        owner.execute(
            "SELECT ensure_partitions(%s, %s, '{model_performance,feature_vectors}')",
            (start.date(), start.date() + timedelta(days=1)),
        )


def predict(
    owner: psycopg.Connection[Any],
    model_id: int,
    errors: Sequence[float],
    *,
    first: int = 0,
    start: datetime = NOON,
    known_after: timedelta = timedelta(seconds=11),
    latency_ms: Sequence[float] | None = None,
    moved: float = 1.0,
    confidence: float = 0.6,
) -> None:
    """One prediction a second with these errors, resolved; the price moves from 100.

    `room` makes the partitions.
    """
    with owner.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO model_performance (timestamp, model_version, symbol, prediction, actual,"
            " confidence, latency_ms, exchange, model_id, horizon, due_at, inputs_until, reference,"
            " resolution, resolved_at, backfilled, recorded_at)"
            " SELECT %(at)s, version, %(symbol)s, %(actual)s + %(error)s, %(actual)s,"
            " %(confidence)s, %(latency)s, %(exchange)s, model_id, %(horizon)s,"
            " %(at)s + %(horizon)s, %(at)s, 100, 'RESOLVED', %(known)s, false, %(at)s"
            " FROM model_versions WHERE model_id = %(model_id)s",
            [
                {
                    "at": at, "symbol": SYMBOL, "exchange": EXCHANGE, "error": float(error),
                    "actual": 100 + moved, "confidence": confidence, "horizon": HORIZON,
                    "latency": latency_ms[number] if latency_ms else 1.5, "known": at + known_after,
                    "model_id": model_id,
                }
                for number, error in enumerate(errors)
                for at in [start + timedelta(seconds=first + number)]
            ],
        )  # fmt: skip


def predicted(
    place: Place, model_id: int, errors: Sequence[float], *, start: datetime = NOON, **more: Any
) -> None:
    """`predict` with room for it, committed."""
    room(place, start)
    with as_owner(place) as owner:
        predict(owner, model_id, errors, start=start, **more)
