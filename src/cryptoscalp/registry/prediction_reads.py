"""Flows: predictions and what they came to, as Arrow tables."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import pyarrow as pa
from psycopg import sql

from cryptoscalp.infra.db.flow import Flow, arrow
from cryptoscalp.market.names import span, spellings
from cryptoscalp.registry import given
from cryptoscalp.registry.references import model_id_of

_PREDICTIONS: Final = sql.SQL(
    "SELECT timestamp, model_id, model_version::text, symbol::text, exchange::text,"
    " (extract(epoch FROM horizon) * 1000000)::bigint AS horizon, due_at, prediction, confidence,"
    " latency_ms, inputs_until, feature_set_id, features_at, backfilled, resolution::text, actual,"
    " reference, resolved_at, resolution_detail"
    " FROM model_performance WHERE timestamp >= %(start)s AND timestamp < %(end)s"
    " AND (%(model)s::bigint IS NULL OR model_id = %(model)s)"
    " AND (%(symbols)s::text[] IS NULL OR symbol = ANY (%(symbols)s::text[]))"
    " AND (%(exchange)s::text IS NULL OR exchange = %(exchange)s)"
    " AND (%(resolved)s::boolean IS NULL OR (resolution = 'RESOLVED') = %(resolved)s)"
    " ORDER BY timestamp, model_id, exchange, symbol, horizon"
)


def predictions(
    start: datetime,
    end: datetime,
    model: int | str | None = None,
    symbol: str | None = None,
    exchange: str | None = None,
    *,
    resolved: bool | None = None,
) -> Flow[pa.Table]:
    """Predictions with start <= timestamp < end, ordered by time; `resolved` ones only, or others.

    Columns: those of `record_predictions` with model_id, model_version and feature_set_id, horizon
    as duration[us]; due_at, backfilled; resolution (PENDING, RESOLVED or UNRESOLVABLE), actual,
    reference (price at the decision), resolved_at and resolution_detail, null until resolved.
    Raises InputError for a range that is none; NotFound for an unknown model version.
    """
    first, last = span(start, end)
    number = None if model is None else (yield from model_id_of(model))
    found = yield from arrow(
        _PREDICTIONS,
        {
            "start": first,
            "end": last,
            "model": number,
            "symbols": spellings(symbol) if symbol else None,
            "exchange": exchange,
            "resolved": resolved,
        },
    )
    return typed(found)


def typed(table: pa.Table) -> pa.Table:
    """The table with its times in UTC and `horizon`, in microseconds, as a duration."""
    for at, field in enumerate(table.schema):
        if pa.types.is_timestamp(field.type):
            table = table.set_column(at, field.name, table.column(at).cast(given.TIME))
        elif field.name == "horizon":
            table = table.set_column(at, field.name, table.column(at).cast(given.LENGTH))
    return table
