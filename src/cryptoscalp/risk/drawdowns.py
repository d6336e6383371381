"""Drawdown: open losses and initial capital count, deposits and withdrawals do not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from cryptoscalp.infra.db.errors import NotFound
from cryptoscalp.infra.db.flow import Flow, aside, rows
from cryptoscalp.market.buckets import EPOCH
from cryptoscalp.trading.exact import ZERO
from cryptoscalp.trading.grid import equity_grid
from cryptoscalp.trading.types import PortfolioValue, PriceKind, Rates
from cryptoscalp.trading.valuation import equity_curve, value

STEP: Final = timedelta(hours=1)
LOOKBACK: Final = timedelta(days=30)
_MOST_FLOWS: Final = 200


@dataclass(frozen=True, slots=True)
class Drawdown:
    """How far a portfolio is below its peak `since`, now and at most, as a fraction of the peak.

    None with a reason where it has no capital or a past value is not known.
    """

    now: float | None
    greatest: float | None
    since: datetime | None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Point:
    """Equity at a moment, with what was paid in (above zero) or out at that very moment."""

    at: datetime
    equity: Decimal
    paid: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Before:
    """What was recorded of a portfolio before: the series goes on from there."""

    at: datetime
    equity: Decimal
    now: float
    greatest: float
    since: datetime


def drawdown(points: Iterable[Point], recorded: Before | None = None) -> Drawdown:
    """Drawdown of the value of a unit of capital, over points in order of time.

    The unit begins at 1, which is a peak: what is lost before any gain is a drawdown too. From
    point to point it moves by (equity - paid) / equity before: the time-weighted return, so that
    deposits and withdrawals do not move it. Where all was withdrawn it stands still until capital
    comes in again. `recorded` is what the points go on from.
    """
    unit = peak = 1.0
    greatest = 0.0
    since: datetime | None = None
    before = ZERO
    if recorded is not None:
        unit, greatest, since = 1 - recorded.now, recorded.greatest, recorded.since
        before = recorded.equity
    for point in points:
        if before < 0:
            return Drawdown(None, None, since, f"equity was below zero before {point.at:%FT%TZ}")
        if before > 0:
            unit *= max(0.0, float((point.equity - point.paid) / before))
            peak = max(peak, unit)
            greatest = max(greatest, 1 - unit / peak)
        if since is None and point.equity > 0:
            since = point.at
        before = point.equity
    if since is None:
        return Drawdown(None, None, None, "there was no capital")
    if before < 0:
        # All is lost, and more: the unit is at zero.
        return Drawdown(1.0, 1.0, since)
    return Drawdown(1 - unit / peak, greatest, since)


def drawdown_of(
    portfolio_id: int, valued: PortfolioValue, by: PriceKind, rates: Rates | None
) -> Flow[Drawdown]:
    """The drawdown of a portfolio that was just valued, at every hour and deposit or withdrawal.

    It goes on from the newest recorded row of the last 30 days, unless something was booked before
    that row afterwards; else it begins 30 days ago, or with the first deposit.
    """
    at = valued.at
    recorded = None
    if by == "last" and not rates:
        recorded = yield from _recorded(portfolio_id, at)
    found = yield from rows(
        "SELECT l.timestamp, sum(l.base_amount) FROM cash_ledger AS l WHERE l.portfolio_id = %s"
        " AND l.kind IN ('DEPOSIT', 'WITHDRAWAL') AND l.timestamp <= %s"
        " GROUP BY l.timestamp ORDER BY l.timestamp",
        (portfolio_id, at),
    )
    if not found:
        return Drawdown(None, None, None, "no capital was paid in")
    start = recorded.at if recorded else max(found[0][0], at - LOOKBACK)
    paid = {moment: amount for moment, amount in found if moment > start}
    if len(paid) > _MOST_FLOWS:
        return Drawdown(None, None, start, f"{len(paid):,} deposits and withdrawals are too many")
    first_hour = EPOCH + ((start - EPOCH) // STEP + 1) * STEP
    try:
        points = yield from _points(
            valued, None if recorded else start, first_hour, sorted(paid), by, rates
        )
    except NotFound as error:
        return Drawdown(None, None, start, f"a past value is not known: {error}")
    series = (Point(one, points[one], paid.get(one, ZERO)) for one in sorted(points))
    return drawdown(series, recorded)


def _recorded(portfolio_id: int, at: datetime) -> Flow[Before | None]:
    """The newest recorded row with a drawdown that still holds, as far as the books tell."""
    found = yield from rows(
        "SELECT m.timestamp, m.portfolio_value, m.drawdown, m.max_drawdown, m.drawdown_since"
        " FROM (SELECT * FROM risk_metrics WHERE portfolio_id = %(portfolio)s"
        "   AND timestamp < %(at)s AND timestamp >= %(oldest)s AND scope = 'PORTFOLIO'"
        "   AND (parameters ->> 'by') = 'last' AND (parameters ->> 'rates') IS NULL"
        "   ORDER BY timestamp DESC, revision DESC LIMIT 1) AS m"
        " WHERE m.drawdown IS NOT NULL AND NOT EXISTS (SELECT FROM cash_ledger AS l"
        "   WHERE l.portfolio_id = %(portfolio)s AND l.timestamp <= m.timestamp"
        "   AND l.recorded_at >= m.recorded_at)"
        " AND NOT EXISTS (SELECT FROM trades AS t WHERE t.portfolio_id = %(portfolio)s"
        "   AND t.timestamp <= m.timestamp AND t.recorded_at >= m.recorded_at)",
        {"portfolio": portfolio_id, "at": at, "oldest": at - LOOKBACK},
    )
    return Before(*found[0]) if found else None


def _points(
    valued: PortfolioValue,
    start: datetime | None,
    first_hour: datetime,
    paid: list[datetime],
    by: PriceKind,
    rates: Rates | None,
) -> Flow[dict[datetime, Decimal]]:
    name, at = valued.portfolio, valued.at
    points: dict[datetime, Decimal] = {}
    if first_hour < at:
        points = yield from _hourly(name, first_hour, at, by, rates)
    points[at] = valued.equity
    for moment in [start, *paid] if start else paid:
        if moment not in points:
            points[moment] = (yield from value(name, moment, by=by, rates=rates)).equity
    return points


def _hourly(
    name: str, first: datetime, last: datetime, by: PriceKind, rates: Rates | None
) -> Flow[dict[datetime, Decimal]]:
    """Equity hour by hour; by last prices of candles, as performance has it, where that will do."""
    if by != "last" or rates:
        curve = yield from aside(
            lambda: equity_curve(name, first, last, STEP, by=by, rates=rates), transaction=True
        )
        return {one.at: one.equity for one in curve}
    (grid,) = yield from aside(lambda: equity_grid([name], first, last, STEP), transaction=True)
    for what, moments in grid.lacking.items():
        raise NotFound(f"no last price is known of {what} at {moments[-1]:%FT%TZ}")
    return {
        one: Decimal(float(equity)) for one, equity in zip(grid.moments, grid.equity, strict=True)
    }
