"""Flows: risk metrics that are kept, and what was recorded before."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import get_args

from psycopg import sql

from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.infra.db.flow import Flow, rows
from cryptoscalp.market.names import moment, one_of, span
from cryptoscalp.market.types import Interval
from cryptoscalp.risk.choices import Lacking, RiskScope, VarEstimator
from cryptoscalp.risk.documents import COLUMNS, document_of, metrics_from
from cryptoscalp.risk.levels import DEFAULT_THRESHOLDS
from cryptoscalp.risk.measures import ESTIMATORS
from cryptoscalp.risk.measuring import LOOKBACK, SCOPES, Ask, asked, measured
from cryptoscalp.risk.price_moves import ReadMoves
from cryptoscalp.risk.risk_types import RiskMetrics, RiskThresholds
from cryptoscalp.risk.subjects import known_subject
from cryptoscalp.trading.portfolios import portfolio as known_portfolio
from cryptoscalp.trading.types import PriceKind, Rates

_HISTORY = sql.SQL(
    "SELECT {} FROM risk_metrics AS m WHERE m.portfolio_id = %(portfolio)s"
    " AND m.timestamp >= coalesce(%(start)s, '-infinity'::timestamptz)"
    " AND m.timestamp < coalesce(%(end)s, 'infinity'::timestamptz)"
    " AND m.scope = coalesce(%(scope)s::risk_scope, m.scope)"
    " AND m.subject = coalesce(%(subject)s, m.subject)"
    " AND m.estimator = coalesce(%(estimator)s::var_estimator, m.estimator)"
    " AND (%(revisions)s OR m.revision = (SELECT max(n.revision) FROM risk_metrics AS n"
    " WHERE n.portfolio_id = m.portfolio_id AND n.timestamp = m.timestamp AND n.scope = m.scope"
    " AND n.subject = m.subject AND n.estimator = m.estimator AND n.confidence = m.confidence"
    " AND n.horizon = m.horizon AND n.lookback = m.lookback))"
    " ORDER BY m.timestamp DESC, m.scope, m.subject, m.estimator, m.confidence DESC, m.horizon,"
    " m.lookback, m.revision DESC LIMIT %(limit)s"
).format(sql.SQL(COLUMNS))


def record(
    portfolio: str,
    at: datetime | None = None,
    *,
    estimators: Sequence[VarEstimator] = ESTIMATORS,
    scopes: Sequence[RiskScope] = SCOPES,
    confidence: float = 0.95,
    horizon: Interval = "1h",
    lookback: timedelta = LOOKBACK,
    by: PriceKind = "last",
    rates: Rates | None = None,
    lacking: Lacking = "flag",
    thresholds: RiskThresholds = DEFAULT_THRESHOLDS,
) -> Flow[list[RiskMetrics]]:
    """Measure a portfolio as `measure` does, and keep the rows.

    The same moment again stores nothing where it comes to the same; where late data have changed
    it, a further revision is kept and the first one stays. Raises as `measure` does.
    """
    ask = asked(estimators, scopes, confidence, horizon, lookback, by, rates, lacking, thresholds)
    return (yield from recorded(portfolio, at, ask))


def recorded(
    portfolio: str, at: datetime | None, ask: Ask, read: ReadMoves | None = None
) -> Flow[list[RiskMetrics]]:
    """As `record`; moves of prices in `read` are not read again, for many portfolios at once."""
    found = yield from measured(portfolio, at, ask, read)
    documents = [document_of(one, ask.method.thresholds, ask.by, ask.rates) for one in found]
    stored = yield from rows(
        "SELECT place, revision, recorded_at FROM record_risk(%s, %s::jsonb) ORDER BY place",
        (portfolio, json.dumps(documents, allow_nan=False)),
    )
    return [
        replace(one, revision=revision, recorded_at=recorded_at)
        for one, (_, revision, recorded_at) in zip(found, stored, strict=True)
    ]


def history(
    portfolio: str,
    start: datetime | None = None,
    end: datetime | None = None,
    *,
    scope: RiskScope | None = "PORTFOLIO",
    subject: str | None = None,
    estimator: VarEstimator | None = "HISTORICAL",
    revisions: bool = False,
    limit: int = 1_000,
) -> Flow[list[RiskMetrics]]:
    """Recorded metrics of a portfolio in [start, end), the newest first.

    Of the whole portfolio by the historical estimator unless told; None is every scope, subject or
    estimator. A `subject` is a strategy, `SYMBOL@exchange` or an exchange. The newest revision of
    each, or all with `revisions`. What the portfolio never held has no row. Raises NotFound for an
    unknown portfolio or subject, AmbiguousSymbol, InputError.
    """
    if scope is not None:
        one_of(scope, get_args(RiskScope), "scope")
    if estimator is not None:
        one_of(estimator, ESTIMATORS, "estimator")
    if limit < 1:
        raise InputError(f"limit {limit} must be above zero")
    if start is not None and end is not None:
        span(start, end)
    account = yield from known_portfolio(portfolio)
    if subject is not None:
        subject = yield from known_subject(scope, subject)
    found = yield from rows(
        _HISTORY,
        {
            "portfolio": account.portfolio_id,
            "start": start and moment(start, "start"),
            "end": end and moment(end, "end"),
            "scope": scope,
            "subject": subject,
            "estimator": estimator,
            "revisions": revisions,
            "limit": limit,
        },
    )
    return [metrics_from(account.name, row) for row in found]
