"""Flows: stress tests into PostgreSQL, and out of it again with every digit."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from psycopg import sql

from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.infra.db.flow import Flow, Row, rows
from cryptoscalp.infra.db.queries import query
from cryptoscalp.market.names import moment, span
from cryptoscalp.risk.stress.result_types import StressResult
from cryptoscalp.trading.portfolios import portfolio as known_portfolio

_MOST: Final = 10_000
_FOUND: Final = query("cryptoscalp.risk.stress", "stress_results")
_RECORD: Final = sql.SQL("SELECT test_id, loss_percentage FROM record_stress_test({})").format(
    sql.SQL(", ").join([sql.Placeholder()] * 13)
)
#: Amounts in the documents: text there, Decimal in Python.
_AMOUNTS: Final = frozenset({
    "worst_minute", "equity_after", "cash_loss", "funding_cost", "liquidation_fees", "exit_cost",
    "shortfall", "margin_call_minute", "quantity", "price", "stressed_price", "loss",
    "liquidated_quantity", "exit_price",
})  # fmt: skip


def store(portfolio_id: int, results: Sequence[StressResult]) -> Flow[list[StressResult]]:
    """Write results of a portfolio; each comes back with its number."""
    made = []
    for one in results:
        text = json.dumps(one.scenario, sort_keys=True, separators=(",", ":"))
        found = yield from rows(
            _RECORD,
            (
                portfolio_id, one.test_date, one.scenario_kind, text, one.base_currency,
                one.portfolio_value, one.loss_amount, one.worst_loss_amount,
                one.recovery_time_minutes, _json(one.risk_metrics), _json(one.positions),
                _json(one.reasons), one.data_cut,
            ),
        )  # fmt: skip
        made.append(replace(one, test_id=found[0][0], loss_percentage=found[0][1]))
    return made


def stress_results(
    portfolio: str | None = None,
    scenario: str | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
    *,
    newest: bool = False,
    limit: int | None = None,
) -> Flow[list[StressResult]]:
    """Stored stress tests by time, of [start, end) where those are given.

    `newest` leaves the newest of each portfolio and scenario, `limit` the last so many (10,000
    unless said). `books_changed_at` marks those of a book that has changed since. Raises NotFound
    for an unknown portfolio, InputError.
    """
    if start and end:
        span(start, end)
    if limit is not None and not 1 <= limit <= _MOST:
        raise InputError(f"limit {limit} must be between 1 and {_MOST:,}")
    if portfolio is not None:
        yield from known_portfolio(portfolio)
    found = yield from rows(
        _FOUND,
        {
            "portfolio": portfolio,
            "scenario": scenario,
            "start": moment(start, "start") if start else None,
            "end": moment(end, "end") if end else None,
            "newest": newest,
            "limit": limit or _MOST,
        },
    )
    return [_result(row) for row in reversed(found)]


def _result(row: Row) -> StressResult:
    found = StressResult(*row)
    return replace(
        found,
        risk_metrics=_exact(found.risk_metrics),
        positions=tuple(_exact(one) for one in found.positions),
    )


def _exact(told: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: Decimal(value) if name in _AMOUNTS and value is not None else value
        for name, value in told.items()
    }


def _json(value: Any) -> str:
    return json.dumps(value, default=_plain, allow_nan=False)


def _plain(value: Any) -> str:
    if isinstance(value, Decimal):
        return f"{value:f}"
    raise TypeError(f"{type(value).__name__} has no JSON")
