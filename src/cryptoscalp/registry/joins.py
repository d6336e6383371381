"""Flows: feature vectors joined point-in-time with predictions, or with moments of decision."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import pyarrow as pa
from psycopg import sql

from cryptoscalp.infra.db import packed
from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.infra.db.flow import Flow, arrow
from cryptoscalp.market.names import moment, spellings
from cryptoscalp.registry import given
from cryptoscalp.registry.features import feature_set
from cryptoscalp.registry.prediction_reads import typed
from cryptoscalp.registry.prediction_types import FeatureSetRef
from cryptoscalp.registry.references import model_id_of
from cryptoscalp.registry.vectors import spread

# The newest by its own time among those that could be known: one descending look at the key.
_JOIN: Final = sql.SQL(
    "SELECT d.*, v.timestamp AS features_at, v.available_at, v.features FROM ({}) AS d"
    " LEFT JOIN LATERAL ("
    "   SELECT f.timestamp, f.available_at, f.features FROM feature_vectors AS f"
    "   WHERE f.feature_set_id = %(set)s AND f.symbol = d.symbol AND f.exchange = d.exchange"
    "   AND f.timestamp <= d.timestamp AND f.timestamp > d.timestamp - %(reach)s::interval"
    "   AND f.available_at <= d.timestamp ORDER BY f.timestamp DESC LIMIT 1) AS v ON true"
    " ORDER BY d.n"
)
_GIVEN: Final = sql.SQL(
    "SELECT n, timestamp, symbol, exchange"
    " FROM unnest(%(times)s::timestamptz[], %(symbols)s::text[], %(exchanges)s::text[])"
    " WITH ORDINALITY AS one (timestamp, symbol, exchange, n)"
)
_PREDICTED: Final = sql.SQL(
    "SELECT row_number() OVER (ORDER BY timestamp, model_id, exchange, symbol, horizon) AS n,"
    " timestamp, symbol::text, exchange::text, model_id,"
    " (extract(epoch FROM horizon) * 1000000)::bigint AS horizon, prediction, actual"
    " FROM model_performance"
    " WHERE (%(start)s::timestamptz IS NULL OR timestamp >= %(start)s)"
    " AND (%(end)s::timestamptz IS NULL OR timestamp < %(end)s)"
    " AND (%(model)s::bigint IS NULL OR model_id = %(model)s)"
    " AND (%(names)s::text[] IS NULL OR symbol = ANY (%(names)s::text[]))"
    " AND (%(exchange)s::text IS NULL OR exchange = %(exchange)s)"
    " AND (%(horizon)s::interval IS NULL OR horizon = %(horizon)s::interval)"
)


def training_set(
    features: FeatureSetRef,
    decisions: pa.Table | None = None,
    *,
    model: int | str | None = None,
    symbol: str | None = None,
    exchange: str | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
    horizon: timedelta | None = None,
    reach: timedelta = timedelta(days=1),
) -> Flow[pa.Table]:
    """Each decision with the newest vector of the set that could be known then, never a later one.

    That is the vector with the greatest timestamp among those with timestamp and available_at <=
    the decision's timestamp, and no older than `reach` (exclusive). `decisions` are columns
    timestamp (with a time zone), symbol and exchange; without them the recorded predictions are
    taken: of a model version, symbol, exchange, start <= timestamp < end, horizon, as far as given.

    Columns: timestamp, symbol, exchange; of predictions model_id, horizon (duration[us]),
    prediction and actual; features_at and available_at of the vector, and one float64 column a
    feature, all null where there is none. In the order given, predictions by time. Raises
    InputError and NotFound.
    """
    if reach <= timedelta(0):
        raise InputError(f"reach {reach} must be above zero")
    known = yield from feature_set(features)
    params: dict[str, object] = {"set": known.feature_set_id, "reach": packed.interval(reach)}
    if decisions is not None:
        if any(one is not None for one in (model, symbol, exchange, start, end, horizon)):
            raise InputError("decisions are taken as they are; choose among them yourself")
        given.fit(decisions, ("timestamp", "symbol", "exchange"), what="decisions")
        params |= {
            "times": given.times(decisions, "timestamp").to_pylist(),
            "symbols": given.texts(decisions, "symbol").to_pylist(),
            "exchanges": given.texts(decisions, "exchange").to_pylist(),
        }
    else:
        params |= {
            "start": None if start is None else moment(start, "start"),
            "end": None if end is None else moment(end, "end"),
            "model": None if model is None else (yield from model_id_of(model)),
            "names": spellings(symbol) if symbol else None,
            "exchange": exchange,
            "horizon": None if horizon is None else packed.interval(horizon),
        }
    of = _PREDICTED if decisions is None else _GIVEN
    found = yield from arrow(_JOIN.format(of), params)
    return spread(typed(found.drop_columns(["n"])), known)
