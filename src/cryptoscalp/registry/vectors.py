"""Flows: feature vectors, written in batches and read by time range."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from psycopg import sql

from cryptoscalp.infra.db import packed
from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.infra.db.flow import Flow, Params, Query, arrow, rows
from cryptoscalp.market.names import resolve, span
from cryptoscalp.registry import given
from cryptoscalp.registry.features import feature_set
from cryptoscalp.registry.placing import days_of, placed
from cryptoscalp.registry.prediction_types import FeatureSet, FeatureSetRef, Recorded

_KEY: Final = ("timestamp", "symbol", "exchange")
_RECORD: Final = "SELECT received, stored, duplicate FROM record_features(%s, %s, %s, %s, %s, %s)"


def record_features(features: FeatureSetRef, table: pa.Table) -> Flow[Recorded]:
    """Store vectors of one feature set, all of them or none.

    Columns: timestamp (time of the newest input) and, if it differs, available_at (when the vector
    could be known first), both timestamps with a time zone; symbol and exchange as the venue writes
    them; one float64 column a feature, under its name without "?", or one column `features` of
    lists in the order of the set. Null is allowed only for a feature that may be absent. A
    vector that is there already with the same content counts as a duplicate. At most 1,000,000
    rows on 366 days.

    Raises InputError for columns that are not the set's; NotFound for an unknown set or instrument;
    IntegrityRefused naming the row for NaN, infinity, a null that is not allowed, impossible times,
    and another content under a stored key.
    """
    known = yield from feature_set(features)
    values = _values(known, table)
    at = given.times(table, "timestamp")
    available = given.times(table, "available_at") if "available_at" in table.column_names else at
    if not table.num_rows:
        return Recorded(0, 0, 0)
    days = days_of(at)
    params = (
        known.feature_set_id, given.texts(table, "symbol").to_pylist(),
        given.texts(table, "exchange").to_pylist(), packed.timestamps(at),
        packed.timestamps(available), packed.float8s(values),
    )  # fmt: skip
    return (yield from placed("feature_vectors", lambda: days, partial(recorded, _RECORD, params)))


def recorded(statement: Query, params: Params) -> Flow[Recorded]:
    """Perform a batch's statement and return its counts."""
    found = yield from rows(statement, params)
    return Recorded(*found[0])


def features(
    features: FeatureSetRef,
    symbol: str,
    start: datetime,
    end: datetime,
    exchange: str | None = None,
) -> Flow[pa.Table]:
    """Vectors of a set with start <= timestamp < end, ordered by time.

    Columns: timestamp and available_at (timestamp[us, UTC]), symbol and exchange (string), and one
    float64 column a feature under its name without "?", null where it is absent. Raises NotFound,
    AmbiguousSymbol, InputError.
    """
    first, last = span(start, end)
    known = yield from feature_set(features)
    name, venue = yield from resolve(symbol, exchange)
    found = yield from arrow(
        sql.SQL(
            "SELECT timestamp, available_at, symbol::text, exchange::text, features"
            " FROM feature_vectors WHERE feature_set_id = %s AND symbol = %s AND exchange = %s"
            " AND timestamp >= %s AND timestamp < %s ORDER BY timestamp"
        ),
        (known.feature_set_id, name, venue, first, last),
    )
    return spread(found, known)


def spread(table: pa.Table, known: FeatureSet) -> pa.Table:
    """The table with its times in UTC and its column `features` as one column a feature."""
    vectors = table.column("features").combine_chunks()
    made = table.drop_columns(["features"])
    for at, field in enumerate(made.schema):
        if pa.types.is_timestamp(field.type):
            made = made.set_column(at, field.name, made.column(at).cast(given.TIME))
    for at, name in enumerate(plain_names(known)):
        made = made.append_column(name, pc.list_element(vectors, at).cast(pa.float64()))
    return made


def plain_names(known: FeatureSet) -> list[str]:
    """The names of a set's features as columns: without "?"."""
    return [name.removesuffix("?") for name in known.features]


def _values(known: FeatureSet, table: pa.Table) -> pa.Array:
    """All vectors one after the other, as one float64 array."""
    names = plain_names(known)
    if isinstance(table, pa.Table) and "features" in table.column_names:
        given.fit(table, (*_KEY, "features"), ("available_at",), what="feature vectors")
        return _flat(known, table)
    given.fit(table, (*_KEY, *names), ("available_at",),
              what=f"feature vectors of set {known.feature_set_id} ({known.name})")  # fmt: skip
    columns = [given.numbers(table, name).combine_chunks() for name in names]
    if not table.num_rows:
        return pa.array([], pa.float64())
    # Column after column, taken row by row.
    order = np.arange(len(names) * table.num_rows).reshape(len(names), -1).T.ravel()
    return pa.concat_arrays(columns).take(pa.array(order))


def _flat(known: FeatureSet, table: pa.Table) -> pa.Array:
    column = table.column("features")
    if not (pa.types.is_list(column.type) or pa.types.is_large_list(column.type)
            or pa.types.is_fixed_size_list(column.type)):  # fmt: skip
        raise InputError(f"column features is {column.type}; it must be lists of float64")
    width = len(known.features)
    lengths = pc.fill_null(pc.list_value_length(column), -1)
    other = pc.index(pc.not_equal(lengths, width), True).as_py()
    if other >= 0:
        raise InputError(
            f"row {other + 1} has {max(lengths[other].as_py(), 0)} features, set"
            f" {known.feature_set_id} ({known.name}) has {width}"
        )
    flat = pc.list_flatten(column)
    return given.numbers(pa.table({"features": flat}), "features").combine_chunks()
