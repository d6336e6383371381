"""Flows: predictions, recorded one by one and in batches."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from cryptoscalp.infra.db import packed
from cryptoscalp.infra.db.errors import InputError, NotFound
from cryptoscalp.infra.db.flow import Flow, rows
from cryptoscalp.market.names import moment
from cryptoscalp.registry import given
from cryptoscalp.registry.documents import sha256
from cryptoscalp.registry.features import feature_set
from cryptoscalp.registry.model_types import ModelReference
from cryptoscalp.registry.placing import days_of, placed
from cryptoscalp.registry.prediction_types import (
    FeatureSetRef,
    PredictionRecorded,
    Recorded,
)
from cryptoscalp.registry.references import given_model_id
from cryptoscalp.registry.vectors import recorded

_TABLE: Final = "model_performance"
_NEEDED: Final = (
    "symbol", "exchange", "timestamp", "horizon", "prediction", "confidence", "latency_ms",
    "inputs_until",
)  # fmt: skip
_OPTIONAL: Final = (
    "model_id", "model", "version", "feature_set_id", "fingerprint", "features_at",
)  # fmt: skip
_RECORD: Final = (
    "SELECT received, stored, duplicate FROM record_predictions(%s, %s, %s, %s, %s, %s, %s, %s, %s,"
    " %s::bigint[], %s::timestamptz[], %s)"
)
_RECORD_ONE: Final = (
    "SELECT is_duplicate, model_version, due_at, backfilled FROM record_prediction(%s, %s, %s, %s,"
    " %s::interval, %s, %s, %s, %s, %s, %s, %s, %s)"
)


def record_predictions(table: pa.Table, *, backfill: bool = False) -> Flow[Recorded]:
    """Record predictions, all of them or none.

    Columns: model_id (int64), or model and version (string); symbol and exchange as the venue
    writes them; timestamp (the decision) and inputs_until (its newest input), timestamps with a
    time zone; horizon (duration); prediction (a price in quote currency, or a return as a
    fraction), confidence (0 to 1) and latency_ms (float64). Optional: feature_set_id (int64) or
    fingerprint (binary, or hexadecimal), features_at (timestamp of the vector that was read).
    `backfill` says that the outcome of some may be known already. What is there already with the
    same content counts as a duplicate. At most 1,000,000 rows on 366 days.

    Raises InputError for columns that do not fit; NotFound for an unknown model version or
    instrument; IntegrityRefused naming the row for NaN, a confidence or time that cannot be,
    inputs or features that are newer than the decision, features of another set than the model
    declares, and another content under a stored key; without `backfill` also for an outcome that
    could be known, and for a version that is TRAINING or RETIRED: it does not predict now.
    """
    given.fit(table, _NEEDED, _OPTIONAL, what="predictions")
    if not table.num_rows:
        return Recorded(0, 0, 0)
    at = given.times(table, "timestamp")
    days = days_of(at)
    models = yield from _models(table)
    sets = yield from _sets(table)
    features_at = (
        packed.timestamps(given.times(table, "features_at"))
        if "features_at" in table.column_names
        else None
    )
    params = (
        packed.int8s(models), given.texts(table, "symbol").to_pylist(),
        given.texts(table, "exchange").to_pylist(), packed.timestamps(at),
        packed.intervals(given.lengths(table, "horizon")),
        *(packed.float8s(given.numbers(table, name))
          for name in ("prediction", "confidence", "latency_ms")),
        packed.timestamps(given.times(table, "inputs_until")),
        None if sets is None else packed.int8s(sets), features_at, backfill,
    )  # fmt: skip
    return (yield from placed(_TABLE, lambda: days, partial(recorded, _RECORD, params)))


def record_prediction(
    model_id: ModelReference,
    symbol: str,
    exchange: str,
    timestamp: datetime,
    horizon: timedelta,
    prediction: float,
    confidence: float,
    latency_ms: float,
    inputs_until: datetime,
    *,
    features: FeatureSetRef | None = None,
    features_at: datetime | None = None,
    backfill: bool = False,
) -> Flow[PredictionRecorded]:
    """Record one prediction as it is made: one round trip, committed when it returns.

    The parameters are the columns of `record_predictions`; `features` is the set's number or
    fingerprint. A reference such as "name@alias" in place of `model_id` is looked up first, by one
    more round trip. The same again changes nothing. A version that is TRAINING or RETIRED may
    predict with `backfill` only. Raises as `record_predictions` does.
    """
    number = yield from given_model_id(model_id)
    for value, what in ((symbol, "symbol"), (exchange, "exchange")):
        if not isinstance(value, str):
            raise InputError(f"{what} {value!r} is {type(value).__name__}; it must be text")
    at, newest = moment(timestamp, "timestamp"), moment(inputs_until, "inputs_until")
    if not isinstance(horizon, timedelta):
        raise InputError(f"horizon {horizon!r} is {type(horizon).__name__}; it must be a timedelta")
    by_number = features is None or isinstance(features, int)
    params = (
        number, symbol, exchange, at, packed.interval(horizon),
        given.float64(prediction, "prediction"), given.float64(confidence, "confidence"),
        given.float64(latency_ms, "latency_ms"), newest, features if by_number else None,
        None if features_at is None else moment(features_at, "features_at"),
        None if features is None or isinstance(features, int) else sha256(features, "fingerprint"),
        backfill,
    )  # fmt: skip

    def write() -> Flow[PredictionRecorded]:
        found = yield from rows(_RECORD_ONE, params, prepare=True)
        return PredictionRecorded(*found[0])

    return (yield from placed(_TABLE, lambda: [at.astimezone(UTC).date()], write))


def version_number(name: str, version: str) -> Flow[int]:
    """The number of a version by its model's name and its label; NotFound when there is none."""
    found = yield from rows(
        "SELECT model_id FROM model_versions WHERE model_name = %s AND version = %s",
        (name, version),
    )
    if not found:
        raise NotFound(
            f"there is no version {version!r} of a model {name!r}; `cryptoscalp models list` shows"
            " what there is"
        )
    number: int = found[0][0]
    return number


def _models(table: pa.Table) -> Flow[pa.ChunkedArray]:
    """The model version of each row by its number."""
    names = set(table.column_names) & {"model_id", "model", "version"}
    if names == {"model_id"}:
        return given.integers(table, "model_id")
    if names != {"model", "version"}:
        raise InputError("the predictions need a column model_id, or model and version")
    pairs = pa.table({name: given.texts(table, name) for name in ("model", "version")})
    distinct = pairs.group_by(["model", "version"]).aggregate([])
    found = {}
    for model, version in zip(*(one.to_pylist() for one in distinct.columns), strict=True):
        if model is None or version is None:
            raise InputError("some predictions name no model, or no version")
        found[model, version] = yield from version_number(model, version)
    rows_ = zip(*(one.to_pylist() for one in pairs.columns), strict=True)
    return pa.chunked_array([pa.array([found[pair] for pair in rows_], pa.int64())])


def _sets(table: pa.Table) -> Flow[pa.ChunkedArray | None]:
    """The feature set of each row by its number; None where the table names none."""
    if "feature_set_id" in table.column_names:
        if "fingerprint" in table.column_names:
            raise InputError("the predictions have feature_set_id and fingerprint; give one")
        return given.integers(table, "feature_set_id")
    if "fingerprint" not in table.column_names:
        return None
    column = table.column("fingerprint")
    numbers: dict[bytes | str | None, int | None] = {None: None}
    for one in pc.unique(column).to_pylist():
        if one is not None:
            numbers[one] = (yield from feature_set(sha256(one, "fingerprint"))).feature_set_id
    made = [numbers[one] for one in column.to_pylist()]
    return pa.chunked_array([pa.array(made, pa.int64())])
