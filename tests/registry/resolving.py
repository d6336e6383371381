"""Models and predictions as rows, put in by the owner: their outcome does not care who wrote."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg
from psycopg.rows import TupleRow

from tests.faces import at
from tests.postgres import Place

Session = psycopg.Connection[TupleRow]
SECOND = 1_000_000


@dataclass(frozen=True, slots=True)
class Made:
    """A prediction, `after` µs past noon and due `horizon` µs later."""

    after: int
    horizon: int = 10 * SECOND
    prediction: float = 101.0
    confidence: float = 0.75
    latency_ms: float = 1.5
    symbol: str = "BTCUSDT"
    exchange: str = "binance"
    backfilled: bool = True
    #: Where it is resolved already, or given up.
    actual: float | None = None
    reference: float | None = None
    detail: str | None = None

    @property
    def resolution(self) -> str:
        if self.detail is not None:
            return "UNRESOLVABLE"
        return "PENDING" if self.actual is None else "RESOLVED"


def owner(place: Place) -> Session:
    """A session of the administrator as the owner of the tables."""
    session = psycopg.connect(place.admin_dsn, autocommit=True, options="-c timezone=UTC")
    session.execute("SET ROLE cryptoscalp_owner")
    return session


def model(
    place: Place,
    name: str = "m",
    version: str = "1",
    *,
    price: str = "LAST_TRADE",
    kind: str = "PRICE",
    interval: str | None = None,
    reach: timedelta = timedelta(minutes=1),
    patience: timedelta = timedelta(0),
) -> int:
    """The number of a new version; the model is declared with its first."""
    with owner(place) as session:
        session.execute(
            "INSERT INTO models (model_name, target_price, target_kind, target_interval,"
            " target_reach, patience) VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
            (name, price, kind, interval, reach, patience),
        )
        made = session.execute(
            "INSERT INTO model_versions (model_name, version, version_number) SELECT %s, %s,"
            " 1 + count(*) FROM model_versions WHERE model_name = %s RETURNING model_id",
            (name, version, name),
        ).fetchone()
    assert made is not None
    number: int = made[0]
    return number


def predict(place: Place, model_id: int, made: Iterable[Made]) -> None:
    """Store predictions."""
    rows = list(made)
    if not rows:
        return
    with owner(place) as session:
        for day in sorted({at(one.after).date() for one in rows}):
            session.execute(
                "SELECT ensure_partitions(%s::date, %s::date, '{model_performance}')", (day, day)
            )
        with session.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO model_performance (timestamp, model_version, symbol, prediction,"
                " confidence, latency_ms, exchange, model_id, horizon, due_at, inputs_until,"
                " backfilled, actual, reference, resolution, resolved_at, resolution_detail)"
                " SELECT %(at)s, version, %(symbol)s, %(prediction)s, %(confidence)s,"
                " %(latency)s, %(exchange)s, model_id, %(horizon)s, %(due)s, %(at)s,"
                " %(backfilled)s, %(actual)s, %(reference)s, %(resolution)s::resolution_state,"
                " CASE WHEN %(resolution)s <> 'PENDING' THEN now() END, %(detail)s"
                " FROM model_versions WHERE model_id = %(model)s",
                [
                    {
                        "at": at(one.after),
                        "symbol": one.symbol,
                        "exchange": one.exchange,
                        "prediction": one.prediction,
                        "confidence": one.confidence,
                        "latency": one.latency_ms,
                        "horizon": timedelta(microseconds=one.horizon),
                        "due": at(one.after + one.horizon),
                        "model": model_id,
                        "backfilled": one.backfilled,
                        "actual": one.actual,
                        "reference": one.reference,
                        "resolution": one.resolution,
                        "detail": one.detail,
                    }
                    for one in rows
                ],
            )


def outcomes(place: Place, model_id: int) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    """(resolution, actual, reference, detail) by (symbol, exchange, timestamp, horizon)."""
    return {
        tuple(row[:4]): tuple(row[4:])
        for row in fetched(
            place,
            "SELECT symbol, exchange, timestamp, horizon, resolution::text, actual, reference,"
            " resolution_detail FROM model_performance WHERE model_id = %s"
            " ORDER BY symbol, exchange, timestamp, horizon",
            (model_id,),
        )
    }


def fetched(place: Place, query: str, params: Sequence[Any] = ()) -> list[TupleRow]:
    """The rows of a query, as the product's login."""
    with psycopg.connect(place.dsn, options="-c timezone=UTC") as session:
        return session.execute(query.encode(), params).fetchall()


def observed(
    place: Place,
    when: datetime,
    price: str = "LAST_TRADE",
    interval: str | None = None,
    reach: timedelta = timedelta(minutes=1),
    *,
    symbol: str = "BTCUSDT",
    exchange: str = "binance",
) -> TupleRow:
    """What observed_at says: state, price, seen_at, detail."""
    (row,) = fetched(
        place,
        "SELECT * FROM observed_at(%s, %s, %s, %s::target_price, %s::candle_interval, %s)",
        (symbol, exchange, when, price, interval, reach),
    )
    return row
