"""Flows: recorded VaR against the P&L that followed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final, TypeAlias, get_args

import numpy as np
from psycopg import sql

from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.infra.db.flow import Flow, Row, rows
from cryptoscalp.infra.db.packed import interval
from cryptoscalp.market.buckets import step_of
from cryptoscalp.market.names import one_of, span
from cryptoscalp.market.types import Interval
from cryptoscalp.risk.backtest_types import Backtest, Compared
from cryptoscalp.risk.choices import RiskScope, VarEstimator
from cryptoscalp.risk.coverage_tests import CoverageTest, coverage_test
from cryptoscalp.risk.documents import COLUMNS, metrics_from
from cryptoscalp.risk.measures import ESTIMATORS
from cryptoscalp.risk.measuring import LOOKBACK
from cryptoscalp.risk.risk_types import RiskMetrics
from cryptoscalp.risk.sample import checked_confidence
from cryptoscalp.risk.scenarios import compound, line_pnl
from cryptoscalp.risk.subjects import known_subject
from cryptoscalp.trading.portfolios import portfolio as known_portfolio

#: The range that is tested where none is given.
TESTED: Final = timedelta(days=30)
#: Rows up to this many horizons apart are neighbours; between others something was missing.
_NEIGHBOURS: Final = 2
#: The price of (symbol, exchange) as it was known at a moment, and the time of it.
_Prices: TypeAlias = Mapping[tuple[str, str, datetime], tuple[float, datetime]]
# What was known then: the first revision.
_RECORDED = sql.SQL(
    "SELECT {} FROM risk_metrics AS m WHERE m.portfolio_id = %(portfolio)s"
    " AND m.timestamp >= %(start)s AND m.timestamp < %(end)s AND m.scope = %(scope)s::risk_scope"
    " AND m.subject = %(subject)s AND m.estimator = %(estimator)s::var_estimator"
    " AND m.confidence = %(confidence)s AND m.horizon = %(horizon)s::candle_interval"
    " AND m.lookback = %(lookback)s AND m.revision = 0 ORDER BY m.timestamp"
).format(sql.SQL(COLUMNS))
_STORED = (
    "b.scope::text, b.subject, b.estimator::text, b.confidence, b.horizon::text, b.lookback,"
    " b.start_time, b.end_time, b.skipped, b.observations, b.exceptions, b.expected,"
    " b.transitions, b.kupiec, b.kupiec_p, b.independence, b.independence_p, b.conditional,"
    " b.conditional_p, b.reasons, b.backtest_id, b.recorded_at"
)


def backtest(
    portfolio: str,
    start: datetime | None = None,
    end: datetime | None = None,
    *,
    scope: RiskScope = "PORTFOLIO",
    subject: str = "",
    estimator: VarEstimator = "HISTORICAL",
    confidence: float = 0.95,
    horizon: Interval = "1h",
    lookback: timedelta = LOOKBACK,
) -> Flow[Backtest]:
    """Compare recorded VaR rows of [start, end) with what their positions came to; nothing is kept.

    The rows are those of `risk_metrics` with this very scope, subject, estimator, confidence,
    horizon and lookback, as they were first recorded, taken a horizon apart (no P&L counts twice)
    and whose horizon is over; the last 30 days unless told. Each line of a row is revalued at the
    last trades known at its moment and a horizon later. An exception is a loss above the VaR.

    One `Backtest`: `result` has the counts and the tests of Kupiec (1995) and Christoffersen
    (1998), `compared` a `Compared` for each row, by time, with VaR and P&L in the portfolio's base
    currency. Without rows `result.observations` is 0 and `result.reasons` says so; it is no error.
    `subject` is a strategy (empty: what has none), `SYMBOL@exchange` or an exchange. `confidence`
    is a share above 0.5 and below 1, `horizon` a length of candles.

    Raises NotFound for an unknown portfolio, strategy, symbol or exchange, AmbiguousSymbol,
    InputError for a range, confidence, scope, estimator or horizon that is none.
    """
    one_of(scope, get_args(RiskScope), "scope")
    one_of(estimator, ESTIMATORS, "estimator")
    step_of(horizon)
    subject = yield from known_subject(scope, subject)
    asked = _Asked(portfolio, scope, subject, checked_confidence(confidence), horizon, lookback)
    found = yield from _tested(asked, start, end, [estimator])
    return found[0]


@dataclass(frozen=True, slots=True)
class _Asked:
    """Which recorded rows, beside their estimator."""

    portfolio: str
    scope: RiskScope
    subject: str
    confidence: float
    horizon: Interval
    lookback: timedelta


def _tested(
    asked: _Asked,
    start: datetime | None,
    end: datetime | None,
    estimators: Sequence[VarEstimator],
) -> Flow[list[Backtest]]:
    """The outcome for each estimator; prices that their rows share are read once."""
    step, now = step_of(asked.horizon), datetime.now(UTC)
    until = end or now
    since, until = span(start or until - TESTED, until)
    account = yield from known_portfolio(asked.portfolio)
    chosen: dict[VarEstimator, list[RiskMetrics]] = {}
    for estimator in estimators:
        found = yield from rows(
            _RECORDED,
            {
                "portfolio": account.portfolio_id, "scope": asked.scope,
                "subject": asked.subject, "estimator": estimator,
                "confidence": asked.confidence, "horizon": asked.horizon,
                "lookback": asked.lookback, "start": since, "end": min(until, now - step),
            },
        )  # fmt: skip
        chosen[estimator] = _apart([metrics_from(account.name, row) for row in found], step)
    prices = yield from _prices([one for every in chosen.values() for one in every], step)
    return [
        _outcome(asked, estimator, since, until, every, prices)
        for estimator, every in chosen.items()
    ]


def _outcome(
    asked: _Asked,
    estimator: VarEstimator,
    since: datetime,
    until: datetime,
    chosen: Sequence[RiskMetrics],
    prices: _Prices,
) -> Backtest:
    step = step_of(asked.horizon)
    compared: list[Compared] = []
    for one in chosen:
        pnl = _pnl(one, step, prices)
        if one.value_at_risk is not None and pnl is not None:
            var = one.value_at_risk
            compared.append(Compared(one.timestamp, var, pnl, -pnl > float(var)))
    result = coverage_test(
        [one.exception for one in compared],
        asked.confidence,
        follows=[
            at > 0 and one.at - compared[at - 1].at <= _NEIGHBOURS * step
            for at, one in enumerate(compared)
        ],
    )
    return Backtest(
        asked.portfolio, asked.scope, asked.subject, estimator, asked.confidence, asked.horizon,
        asked.lookback, since, until, len(chosen) - len(compared), result, tuple(compared),
    )  # fmt: skip


def record_backtest(
    portfolio: str,
    start: datetime | None = None,
    end: datetime | None = None,
    *,
    scope: RiskScope = "PORTFOLIO",
    subject: str = "",
    estimator: VarEstimator = "HISTORICAL",
    confidence: float = 0.95,
    horizon: Interval = "1h",
    lookback: timedelta = LOOKBACK,
) -> Flow[Backtest]:
    """Test as `backtest` does, and keep the outcome. Raises as it does."""
    found = yield from backtest(
        portfolio, start, end, scope=scope, subject=subject, estimator=estimator,
        confidence=confidence, horizon=horizon, lookback=lookback,
    )  # fmt: skip
    return (yield from _keep(found))


def record_backtests(portfolio: str, start: datetime, end: datetime) -> Flow[list[Backtest]]:
    """Test the portfolio's rows by every estimator at 95 % over an hour, and keep the outcomes."""
    asked = _Asked(portfolio, "PORTFOLIO", "", 0.95, "1h", LOOKBACK)
    kept = []
    for found in (yield from _tested(asked, start, end, ESTIMATORS)):
        kept.append((yield from _keep(found)))
    return kept


def _keep(found: Backtest) -> Flow[Backtest]:
    stored = yield from rows(
        "SELECT backtest_id, recorded_at FROM record_risk_backtest(%s, %s::jsonb)",
        (found.portfolio, json.dumps(_document(found), allow_nan=False)),
    )
    return replace(found, backtest_id=stored[0][0], recorded_at=stored[0][1])


def backtests(portfolio: str, *, limit: int = 100) -> Flow[list[Backtest]]:
    """The kept outcomes of back-tests of a portfolio, the newest first, without their rows.

    Raises NotFound, InputError.
    """
    if limit < 1:
        raise InputError(f"limit {limit} must be above zero")
    account = yield from known_portfolio(portfolio)
    found = yield from rows(
        sql.SQL(
            "SELECT {} FROM risk_backtests AS b WHERE b.portfolio_id = %s"
            " ORDER BY b.end_time DESC, b.backtest_id DESC LIMIT %s"
        ).format(sql.SQL(_STORED)),
        (account.portfolio_id, limit),
    )
    return [_stored(account.name, row) for row in found]


def _apart(found: Sequence[RiskMetrics], step: timedelta) -> list[RiskMetrics]:
    """The first row, and each that is a horizon after the one taken before."""
    chosen: list[RiskMetrics] = []
    for one in found:
        if not chosen or one.timestamp >= chosen[-1].timestamp + step:
            chosen.append(one)
    return chosen


def _prices(chosen: Sequence[RiskMetrics], step: timedelta) -> Flow[_Prices]:
    wanted = sorted(
        {
            (factor.symbol, factor.exchange, at)
            for one in chosen
            for part in one.components
            if part.covered
            for factor in part.line.factors
            for at in (one.timestamp, one.timestamp + step)
        }
    )
    if not wanted:
        return {}
    found = yield from rows(
        "SELECT known.price::float8, known.timestamp"
        " FROM unnest(%s::text[], %s::text[], %s::timestamptz[]) WITH ORDINALITY"
        " AS asked (symbol, exchange, at, place) LEFT JOIN LATERAL"
        " price_at(asked.symbol, asked.exchange, asked.at, 'LAST') AS known ON true"
        " ORDER BY asked.place",
        tuple([one[column] for one in wanted] for column in range(3)),
    )
    return {
        one: (price, moment)
        for one, (price, moment) in zip(wanted, found, strict=True)
        if price is not None
    }


def _pnl(row: RiskMetrics, step: timedelta, prices: _Prices) -> float | None:
    """What the row's covered lines came to; None where a price of the horizon is not known."""
    end = row.timestamp + step
    total = 0.0
    for part in row.components:
        if not part.covered:
            continue
        moves = {}
        for factor in part.line.factors:
            key = factor.symbol, factor.exchange
            before, after = prices.get((*key, row.timestamp)), prices.get((*key, end))
            # A last trade from before the row says nothing of the horizon.
            if before is None or after is None or after[1] <= row.timestamp:
                return None
            moves[key] = np.array([after[0] / before[0] - 1])
        own = (part.line.moved_by,) if part.line.moved_by else ()
        moved = compound(own, moves, 1), compound(part.line.rate_by or (), moves, 1)
        total += float(line_pnl(part.line, *moved)[0])
    return total


def _document(found: Backtest) -> dict[str, object]:
    result = found.result
    return {
        "scope": found.scope, "subject": found.subject, "estimator": found.estimator,
        "confidence": found.confidence, "horizon": found.horizon,
        "lookback": interval(found.lookback), "start_time": found.start.isoformat(),
        "end_time": found.end.isoformat(), "skipped": found.skipped,
        "observations": result.observations, "exceptions": result.exceptions,
        "expected": result.expected, "transitions": ",".join(map(str, result.transitions)),
        "kupiec": result.kupiec, "kupiec_p": result.kupiec_p,
        "independence": result.independence, "independence_p": result.independence_p,
        "conditional": result.conditional, "conditional_p": result.conditional_p,
        "reasons": list(result.reasons),
    }  # fmt: skip


def _stored(portfolio: str, row: Row) -> Backtest:
    observations, exceptions, expected, transitions, *statistics = row[9:19]
    counts = tuple(int(one) for one in transitions.split(","))
    tested = (observations, exceptions, expected, counts, *statistics, tuple(row[19]))
    result = CoverageTest(*(row[3], *tested))
    return Backtest(*(portfolio, *row[:9], result, (), *row[20:]))
