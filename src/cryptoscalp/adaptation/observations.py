"""What detectors take in: errors, latencies, features, in the order in which they became known."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeAlias

from psycopg import sql

from cryptoscalp.adaptation.drift_types import Signal
from cryptoscalp.infra.db.flow import Flow, Row, rows
from cryptoscalp.infra.db.queries import query

#: Order key: the time at which it became known, then what tells it from others of that time.
Position: TypeAlias = tuple[datetime, str]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_US: Final = timedelta(microseconds=1)
_FIRST: Final = datetime(1, 1, 1, tzinfo=UTC)
#: Before every observation.
START: Final[Position] = (_FIRST, "")
_HORIZON: Final = query("cryptoscalp.adaptation", "observation_horizon")
_OF: Final = sql.SQL("symbol = %(symbol)s AND exchange = %(exchange)s")
_PREDICTIONS: Final = sql.SQL(
    "SELECT {known}, timestamp, horizon, {values} FROM model_performance"
    " WHERE model_id = %(model_id)s AND {of} AND {which}"
    " AND ({known}, timestamp, horizon) > (%(at)s, %(of)s, %(horizon)s)"
    " AND ({known}, timestamp, horizon) <= (%(until_at)s, %(until_of)s, %(until_horizon)s)"
    " ORDER BY {known}, timestamp, horizon LIMIT %(most)s"
)
_READ: Final[dict[Signal, sql.Composed]] = {
    "ERROR": _PREDICTIONS.format(
        known=sql.SQL("resolved_at"), values=sql.SQL("prediction, actual"), of=_OF,
        which=sql.SQL("resolution = 'RESOLVED'"),
    ),
    "LATENCY": _PREDICTIONS.format(
        known=sql.SQL("recorded_at"), values=sql.SQL("latency_ms"), of=_OF,
        which=sql.SQL("latency_ms IS NOT NULL"),
    ),
    "FEATURE": sql.SQL(
        "SELECT recorded_at, timestamp, interval '0', features[(SELECT coalesce("
        "array_position(named.features, %(feature)s), array_position(named.features,"
        " %(feature)s || '?')) FROM feature_sets AS named WHERE named.feature_set_id ="
        " (SELECT feature_set_id FROM model_versions WHERE model_id = %(model_id)s))]"
        " FROM feature_vectors WHERE feature_set_id ="
        " (SELECT feature_set_id FROM model_versions WHERE model_id = %(model_id)s)"
        " AND {of} AND (recorded_at, timestamp) > (%(at)s, %(of)s)"
        " AND (recorded_at, timestamp) <= (%(until_at)s, %(until_of)s)"
        " ORDER BY recorded_at, timestamp LIMIT %(most)s"
    ).format(of=_OF),
}  # fmt: skip
_TABLES: Final[dict[Signal, str]] = {
    "ERROR": "model_performance", "LATENCY": "model_performance", "FEATURE": "feature_vectors",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Watched:
    """Which observations: a signal of a model version on an instrument."""

    model_id: int
    symbol: str
    exchange: str
    signal: Signal
    feature: str | None


@dataclass(frozen=True, slots=True)
class Observation:
    """One number, of the prediction or vector at `timestamp`; None where a feature is absent."""

    position: Position
    timestamp: datetime
    value: float | None


@dataclass(frozen=True, slots=True)
class Horizon:
    """Observations known before `until` are complete; `held_back_since` is what they wait for."""

    until: Position | None
    held_back_since: datetime | None


def horizon(signal: Signal) -> Flow[Horizon]:
    """How far the stored observations of a signal are complete now."""
    found = yield from rows(_HORIZON, {"table": _TABLES[signal]})
    until, oldest = found[0]
    return Horizon(None if until is None else (until, ""), oldest)


def read(watched: Watched, after: Position, until: Position, most: int) -> Flow[list[Observation]]:
    """The next `most` observations after a position, until another one inclusive, in order."""
    at, of, ahead = _parts(after)
    until_at, until_of, until_ahead = _parts(until)
    found = yield from rows(
        _READ[watched.signal],
        {
            "model_id": watched.model_id, "symbol": watched.symbol, "exchange": watched.exchange,
            "feature": watched.feature, "at": at, "of": of, "horizon": ahead,
            "until_at": until_at, "until_of": until_of, "until_horizon": until_ahead, "most": most,
        },
    )  # fmt: skip
    value = _error if watched.signal == "ERROR" else _only
    return [_observation(row, value) for row in found]


def _observation(row: Row, value: Callable[[Row], Any]) -> Observation:
    number = value(row)
    usable = number is not None and math.isfinite(number)
    return Observation((row[0], _key(row[1], row[2])), row[1], number if usable else None)


def _error(row: Row) -> float:
    return abs(float(row[3]) - float(row[4]))


def _only(row: Row) -> Any:
    return row[3]


def _key(timestamp: datetime, ahead: timedelta) -> str:
    """Digits of fixed width: texts then have the order of what they stand for."""
    return f"{(timestamp - _EPOCH) // _US:020d}.{ahead // _US:020d}"


def _parts(position: Position) -> tuple[datetime, datetime, timedelta]:
    at, key = position
    if not key:
        return at, _FIRST, timedelta(0)
    timestamp, _, ahead = key.partition(".")
    return at, _EPOCH + int(timestamp) * _US, int(ahead) * _US
