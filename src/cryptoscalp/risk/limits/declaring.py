"""Flows: limits are declared, replaced, removed and listed; their history stays."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final, get_args

from psycopg import sql

from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.infra.db.flow import Flow, Row, rows
from cryptoscalp.market.names import moment, one_of, resolve
from cryptoscalp.risk.limits.limit_kinds import UNITS, WHOLE, LimitAction, LimitMetric
from cryptoscalp.risk.limits.limit_types import RiskLimit
from cryptoscalp.trading.amounts import above_zero
from cryptoscalp.trading.names import named

_LONGEST: Final = timedelta(days=30)
_LIMIT: Final = sql.SQL(
    "SELECT l.limit_id, l.metric::text, p.name, s.name, l.symbol::text, l.exchange::text,"
    " trim_scale(l.medium_at), trim_scale(l.high_at), trim_scale(l.critical_at),"
    " trim_scale(l.clear_ratio), l.clear_after, l.action::text, l.unknown_action::text,"
    " l.valid_from, l.valid_until, l.declared_by, l.ended_by, l.note"
    " FROM {} AS l LEFT JOIN portfolios AS p USING (portfolio_id)"
    " LEFT JOIN strategies AS s USING (strategy_id)"
)


def set_limit(
    metric: LimitMetric,
    *,
    portfolio: str | None = None,
    strategy: str | None = None,
    symbol: str | None = None,
    exchange: str | None = None,
    medium: Decimal | int | None = None,
    high: Decimal | int | None = None,
    critical: Decimal | int | None = None,
    clear_ratio: Decimal = Decimal("0.9"),
    clear_after: timedelta = timedelta(minutes=5),
    action: LimitAction = "ALERT",
    unknown_action: LimitAction = "ALERT",
    valid_until: datetime | None = None,
    note: str | None = None,
) -> Flow[RiskLimit]:
    """Declare a limit from now on, in place of the one of that metric and scope.

    The breaches of that one end. The same again changes nothing. Without `portfolio` it holds for
    each open portfolio by itself.
    Thresholds, of which one is needed, grow from `medium` to `critical` and are in the metric's
    unit: base currency for exposures, DAILY_LOSS, VAR and EXPECTED_SHORTFALL, seconds for
    STALE_DATA, a ratio for LEVERAGE, DRAWDOWN and CONCENTRATION (0.2 is 20 %). A value at a
    threshold has reached it. `action` HALT stops the portfolio when the level becomes CRITICAL,
    `unknown_action` HALT when the value cannot be known; by default that only alerts, since a feed
    that pauses would stop trading until an officer resumes it. Raises InputError for a limit that
    cannot be, NotFound for an unknown name, AmbiguousSymbol, IntegrityRefused for a closed
    portfolio.
    """
    one_of(metric, get_args(LimitMetric), "metric")
    one_of(action, get_args(LimitAction), "action")
    one_of(unknown_action, get_args(LimitAction), "action")
    bounds = _thresholds(metric, medium, high, critical)
    if action == "HALT" and critical is None:
        raise InputError("a limit that halts does so at its critical threshold; give one")
    if not Decimal(0) < above_zero(clear_ratio, "clear_ratio") <= 1:
        raise InputError(f"clear_ratio {clear_ratio} must be above zero, and at most 1")
    if not isinstance(clear_after, timedelta) or not timedelta(0) <= clear_after <= _LONGEST:
        raise InputError(f"clear_after {clear_after} must be from zero to {_LONGEST.days} days")
    if metric in WHOLE and (strategy or symbol or exchange):
        raise InputError(
            f"{metric} is of a portfolio as a whole; leave out strategy, symbol and exchange"
        )
    for name, what in ((portfolio, "portfolio"), (strategy, "strategy")):
        if name is not None:
            named(name, what)
    if symbol is not None:
        symbol, exchange = yield from resolve(symbol, exchange)
    found = yield from rows(
        _LIMIT.format(
            sql.SQL(
                "set_risk_limit(%s::limit_metric, %s, %s, %s, %s, %s, %s, %s, %s, %s,"
                " %s::limit_action, %s::limit_action, %s, %s)"
            )
        ),
        (
            metric, portfolio, strategy, symbol, exchange, *bounds, clear_ratio, clear_after,
            action, unknown_action, valid_until and moment(valid_until, "valid_until"), note,
        ),
    )  # fmt: skip
    return _limit(found[0])


def remove_limit(limit_id: int) -> Flow[RiskLimit]:
    """End a limit now, with its open breaches; one that is over stays as it is. Raises NotFound."""
    found = yield from rows(_LIMIT.format(sql.SQL("end_risk_limit(%s)")), (limit_id,))
    return _limit(found[0])


def limits(portfolio: str | None = None, *, ended: bool = False) -> Flow[list[RiskLimit]]:
    """The limits that hold, or that hold for a portfolio; `ended`: the earlier ones too.

    Those for each portfolio come first. Raises NotFound.
    """
    account = yield from rows("SELECT switched_portfolio(%s)", (portfolio,))
    found = yield from rows(
        sql.SQL(
            "{} WHERE (%(all)s OR l.valid_until IS NULL OR l.valid_until > now())"
            " AND (%(of)s::bigint IS NULL OR l.portfolio_id IS NULL OR l.portfolio_id = %(of)s)"
            " ORDER BY p.name NULLS FIRST, l.metric, l.limit_id"
        ).format(_LIMIT.format(sql.Identifier("risk_limits"))),
        {"all": ended, "of": account[0][0]},
    )
    return [_limit(row) for row in found]


def _thresholds(metric: LimitMetric, *given: Decimal | int | None) -> list[Decimal | None]:
    bounds = [
        None if one is None else above_zero(one, f"the {name} threshold")
        for name, one in zip(("medium", "high", "critical"), given, strict=True)
    ]
    known = [one for one in bounds if one is not None]
    if not known:
        raise InputError(f"a limit of {metric} needs a threshold: medium, high or critical")
    if sorted(set(known)) != known:
        raise InputError(
            f"thresholds must grow from medium to critical: {', '.join(map(str, known))} do not"
        )
    if metric == "DRAWDOWN" and known[-1] > 1:
        raise InputError(
            f"a drawdown is at most 1, so that {known[-1]} is never reached; write 20 % as 0.2"
        )
    return bounds


def _limit(row: Row) -> RiskLimit:
    limit_id, metric, *rest = row
    return RiskLimit(limit_id, metric, UNITS[metric], *rest)
