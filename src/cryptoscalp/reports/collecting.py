"""Flow: everything that a report tells of, by the flows that answer the same questions alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Final

from cryptoscalp.infra.db.errors import InputError, NotFound
from cryptoscalp.infra.db.flow import Flow, aside, rows
from cryptoscalp.market.instruments import instruments
from cryptoscalp.market.names import span
from cryptoscalp.reports.performance_section import performance_windows
from cryptoscalp.reports.report_types import Collected, Steps
from cryptoscalp.reports.risk_section import newest_risk
from cryptoscalp.risk.stress.storing import stress_results
from cryptoscalp.trading.portfolios import portfolio as known_portfolio
from cryptoscalp.trading.portfolios import strategies
from cryptoscalp.trading.reports import pnl_by_day
from cryptoscalp.trading.types import Portfolio, PortfolioValue, Rates
from cryptoscalp.trading.valuation import equity_curve, value

#: Points of the curve, at most.
_POINTS: Final = 400
_STEPS: Final = tuple(
    timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240, 720, 1_440, 10_080)
)


def collect(
    portfolio: str,
    start: datetime,
    end: datetime,
    *,
    step: timedelta | None = None,
    rates: Rates | None = None,
) -> Flow[Collected]:
    """What a report tells of a portfolio in [start, end]; a point of the curve every `step`
    and at the end.

    Without a step the shortest of 1, 5, 15 minutes, 1, 4, 12 hours, 1 and 7 days that makes at
    most 400 points. Raises NotFound for an unknown portfolio, InputError for a range that is none
    or not over yet.
    """
    first, last = span(start, end)
    made_at: datetime = (yield from rows("SELECT now()"))[0][0]
    if last > made_at:
        raise InputError(f"end {last.isoformat()} is not over yet")
    account = yield from known_portfolio(portfolio)
    chosen = step or _step(first, last)
    curve, reason = yield from _curve(portfolio, first, last, chosen, rates)
    flows = yield from _flows(account, first, last, chosen, len(curve))
    now, note = yield from _now(portfolio, curve, rates)
    named = yield from strategies()
    of_position = yield from rows(
        "SELECT position_id, strategy_id FROM positions WHERE portfolio_id = %s",
        (account.portfolio_id,),
    )
    names = {one.strategy_id: one.name for one in named}
    daily = yield from pnl_by_day(
        portfolio, first.astimezone(UTC).date(), last.astimezone(UTC).date()
    )
    stress = yield from stress_results(portfolio, newest=True)
    known = yield from instruments()
    return Collected(
        portfolio=account,
        start=first,
        end=last,
        made_at=made_at,
        curve=tuple(curve),
        flows=tuple(flows),
        curve_reason=reason,
        now=now,
        now_note=note,
        strategies={position: names.get(strategy, "(none)") for position, strategy in of_position},
        daily=tuple(daily),
        stress=tuple(stress),
        performance=tuple((yield from performance_windows(portfolio, last))),
        risk=tuple((yield from newest_risk(portfolio, last))),
        steps={(one.symbol, one.exchange): Steps(one.tick_size, one.lot_size) for one in known},
    )


def _step(first: datetime, last: datetime) -> timedelta:
    for one in _STEPS:
        if (last - first) // one < _POINTS:
            return one
    return (last - first) / (_POINTS - 1)


def _curve(
    portfolio: str, first: datetime, last: datetime, step: timedelta, rates: Rates | None
) -> Flow[tuple[list[PortfolioValue], str | None]]:
    try:
        curve = yield from aside(partial(equity_curve, portfolio, first, last, step, rates=rates))
        if curve[-1].at < last:
            curve.append((yield from aside(partial(value, portfolio, last, rates=rates))))
    except NotFound as error:
        return [], str(error)
    return curve, None


def _now(
    portfolio: str, curve: list[PortfolioValue], rates: Rates | None
) -> Flow[tuple[PortfolioValue, str]]:
    if curve:
        return curve[-1], "at the last trades known at the end of the equity curve"
    found = yield from value(portfolio, rates=rates)
    return found, "now, at the last marks, as the curve cannot be reckoned"


def _flows(
    account: Portfolio, first: datetime, last: datetime, step: timedelta, count: int
) -> Flow[list[Decimal]]:
    """What came from outside in each step that ends at a point, in the base currency."""
    found = yield from rows(
        "SELECT ceil(extract(epoch FROM timestamp - %(first)s) / %(step)s)::int, sum(base_amount)"
        " FROM cash_ledger WHERE portfolio_id = %(portfolio)s AND timestamp > %(first)s"
        " AND timestamp <= %(last)s"
        " AND kind IN ('DEPOSIT', 'WITHDRAWAL', 'ADJUSTMENT') GROUP BY 1",
        {
            "first": first,
            "step": Decimal(step // timedelta(microseconds=1)) / 1_000_000,
            "portfolio": account.portfolio_id,
            "last": last,
        },
    )
    moved: dict[int, Decimal] = dict(found)
    return [moved.get(n, Decimal(0)) for n in range(count)]
