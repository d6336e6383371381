"""Flows: predictions that are due get their outcome, once, from stored ticks."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Final

from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.infra.db.flow import Flow, Row, rows
from cryptoscalp.market.buckets import EPOCH
from cryptoscalp.market.names import moment, span
from cryptoscalp.market.names import resolve as known_instrument
from cryptoscalp.registry.references import model_id_of
from cryptoscalp.registry.resolution_types import Outcome, PredictionRow, Resolved

#: Predictions that one transaction resolves.
BATCH: Final = 500
#: Commands named in an answer.
_TOLD: Final = 20


def resolve_predictions(model: int | str | None = None, *, batch: int = BATCH) -> Flow[Resolved]:
    """Set the outcome of predictions that are due, of one model version or of all.

    The price at the decision and the price when it was due follow the model's rule (target_price,
    target_interval, target_reach), from ticks up to those moments only. An outcome is set when
    coverage proves that no tick is missing that could change it; what has to wait is looked at
    once a run, and given up when the model's patience is over. Each `batch` commits by itself: a
    run that is cut off leaves what it did, and the next one goes on. Runs at the same time share
    the work. Raises NotFound for an unknown model, InputError for a batch below 1.
    """
    if batch < 1:
        raise InputError(f"a batch of {batch} resolves nothing; give 1 or more")
    model_id = None if model is None else (yield from model_id_of(model))
    states: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    thaw: dict[str, None] = {}
    after: Row = (EPOCH, 0, "", "", EPOCH)
    while True:
        seen = yield from rows(
            "SELECT due_at, model_id, symbol, exchange, timestamp, state, reason, detail"
            " FROM resolve_predictions(%s, %s, %s, %s, %s, %s, %s)",
            (batch, model_id, *after),
        )
        for *_, state, reason, detail in seen:
            states[state] += 1
            if state == "UNRESOLVABLE":
                reasons[reason] += 1
            elif state == "COLD" and len(thaw) < _TOLD:
                thaw[detail] = None
        if not seen:
            break
        after = seen[-1][:5]
    return Resolved(
        states["RESOLVED"], dict(sorted(reasons.items())), states["WAITING"], states["COLD"],
        tuple(thaw),
    )  # fmt: skip


def latest_predictions(
    model: int | str,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    symbol: str | None = None,
    exchange: str | None = None,
    limit: int | None = None,
) -> Flow[list[PredictionRow]]:
    """Predictions of a model version made in [start, end), by time; with a limit the newest ones.

    Each has its first outcome, and beside it what is known now where late ticks have changed it.
    Raises NotFound for an unknown model, InputError for a range or a limit that is none.
    """
    if limit is not None and limit < 1:
        raise InputError(f"a limit of {limit} leaves nothing; give 1 or more")
    if start is not None and end is not None:
        span(start, end)
    bounds = [None if one is None else moment(one, name)
              for one, name in ((start, "start"), (end, "end"))]  # fmt: skip
    model_id = yield from model_id_of(model)
    if symbol is not None:
        symbol, exchange = yield from known_instrument(symbol, exchange)
    found = yield from rows(
        "SELECT p.model_id, v.model_name, p.model_version, p.symbol::text, p.exchange::text,"
        " p.timestamp, p.horizon, p.due_at, p.prediction, p.confidence, p.latency_ms,"
        " p.resolution::text, p.actual, p.reference, p.resolved_at, p.resolution_detail,"
        " p.backfilled, r.resolution, r.actual, r.reference, r.detail, r.recorded_at"
        " FROM model_performance AS p JOIN model_versions AS v ON v.model_id = p.model_id"
        " LEFT JOIN LATERAL (SELECT new_resolution::text AS resolution, new_actual AS actual,"
        "   new_reference AS reference, detail, recorded_at FROM model_performance_revisions"
        "   WHERE model_id = p.model_id AND symbol = p.symbol AND exchange = p.exchange"
        "   AND timestamp = p.timestamp AND horizon = p.horizon"
        "   ORDER BY revision_id DESC LIMIT 1) AS r ON true"
        " WHERE p.model_id = %(model)s AND (%(symbol)s::text IS NULL OR p.symbol = %(symbol)s)"
        " AND (%(exchange)s::text IS NULL OR p.exchange = %(exchange)s)"
        " AND p.timestamp >= coalesce(%(start)s, '-infinity'::timestamptz)"
        " AND p.timestamp < coalesce(%(end)s, 'infinity'::timestamptz)"
        " ORDER BY p.timestamp DESC, p.symbol DESC, p.exchange DESC, p.horizon DESC"
        " LIMIT %(limit)s",
        {"model": model_id, "symbol": symbol, "exchange": exchange, "start": bounds[0],
         "end": bounds[1], "limit": limit},
        prepare=False,
    )  # fmt: skip
    return [
        PredictionRow(*(*row[:17], None if row[17] is None else Outcome(*row[17:])))
        for row in reversed(found)
    ]
