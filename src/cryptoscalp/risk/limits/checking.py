"""Flows: limits are checked, and breaches recorded once, with hysteresis."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Final

from psycopg import sql

from cryptoscalp.infra.db.errors import (
    ConnectionLost,
    CryptoscalpError,
    DatabaseError,
    InputError,
    PermissionRefused,
    SchemaMismatch,
)
from cryptoscalp.infra.db.flow import Flow, Row, aside, rows
from cryptoscalp.risk.limits.declaring import limits as declared
from cryptoscalp.risk.limits.limit_kinds import UNITS
from cryptoscalp.risk.limits.limit_types import Breach, LimitCheck, Measured, RiskLimit
from cryptoscalp.risk.limits.measuring import measure
from cryptoscalp.risk.limits.risk_rows import Figures, newest_risk_row
from cryptoscalp.trading.portfolios import portfolio as known_portfolio
from cryptoscalp.trading.portfolios import portfolios
from cryptoscalp.trading.types import Portfolio

#: Portfolios named in an error.
_TOLD: Final = 5
_BREACH: Final = sql.SQL(
    "b.breach_id, b.limit_id, p.name, l.metric::text, s.name, l.symbol::text, l.exchange::text,"
    " b.state::text, b.level::text, trim_scale(b.threshold), trim_scale(b.opening_value),"
    " trim_scale(b.peak_value), trim_scale(b.last_value),"
    " CASE WHEN b.state IN ('UNKNOWN', 'CLOSED') THEN b.reason END, b.times_seen, b.times_unknown,"
    " b.opened_at, b.checked_at, b.calm_since, b.closed_at, b.close_cause::text"
)


def check_limits(
    portfolio: str | None = None, *, figures: Figures = newest_risk_row
) -> Flow[list[LimitCheck]]:
    """Measure what limits hold for a portfolio, or for each that is open, and record breaches.

    A value that cannot be known is a breach, too. `figures` gives drawdown, VaR and expected
    shortfall; they are read from `risk_metrics`, where they must not be older than 15 minutes.
    Each portfolio's breaches, alerts and halts are committed together. Safe to run at once
    with others. One portfolio that cannot be checked does not keep the others from it: then
    DatabaseError names it in the end. Raises NotFound for an unknown portfolio.
    """
    yield from rows("SELECT end_breaches()")
    if portfolio is None:
        accounts = yield from portfolios()
    else:
        accounts = [(yield from known_portfolio(portfolio))]
    holding = yield from declared(portfolio)
    found: list[LimitCheck] = []
    failed: list[str] = []
    for account in accounts:
        own = [limit for limit in holding if limit.portfolio in (None, account.name)]
        if not own or account.closed_at is not None:
            continue
        try:
            found += yield from aside(partial(_check, account, own, figures))
        except (ConnectionLost, PermissionRefused, SchemaMismatch):
            raise  # the next one would fare no better
        except CryptoscalpError as error:
            if portfolio is not None:
                raise
            failed.append(f"{account.name}: {error}")
    if failed:
        raise DatabaseError(
            f"the limits of {len(failed):,} of {len(accounts):,} portfolios could not be checked: "
            + "; ".join(failed[:_TOLD])
        )
    return found


def _check(
    account: Portfolio, limits: Sequence[RiskLimit], figures: Figures
) -> Flow[list[LimitCheck]]:
    now = yield from rows("SELECT clock_timestamp()")
    at = now[0][0]
    measured = yield from measure(account.name, account.portfolio_id, limits, at, figures)
    return (
        yield from aside(partial(record_checks, account, limits, measured, at), transaction=True)
    )


def record_checks(
    account: Portfolio,
    limits: Sequence[RiskLimit],
    measured: Sequence[Measured],
    at: datetime,
) -> Flow[list[LimitCheck]]:
    """Take in what limits of a portfolio were measured at, all at one moment.

    What was measured before the newest check of a limit changes nothing.
    """
    found = yield from rows(
        "SELECT limit_id, breach_id, state::text, level::text, change"
        " FROM record_limit_checks(%s, %s, %s::bigint[], %s::numeric[], %s::text[])",
        (
            account.portfolio_id, at, [one.limit_id for one in limits],
            [one.value for one in measured], [one.reason for one in measured],
        ),
    )  # fmt: skip
    known = {one.limit_id: (one, made) for one, made in zip(limits, measured, strict=True)}
    return [_checked(account.name, *known[row[0]], row) for row in found]


def breaches(
    portfolio: str | None = None, *, closed: bool = False, limit: int | None = None
) -> Flow[list[Breach]]:
    """Breaches that stand, or with `closed` all; in the order in which they opened.

    The last `limit` of them. Raises NotFound for an unknown portfolio.
    """
    if limit is not None and limit < 1:
        raise InputError(f"limit={limit}: ask for at least one breach")
    account = yield from rows("SELECT switched_portfolio(%s)", (portfolio,))
    found = yield from rows(
        sql.SQL(
            "SELECT {} FROM (SELECT * FROM limit_breaches AS x WHERE (%(closed)s OR"
            " x.closed_at IS NULL) AND (%(of)s::bigint IS NULL OR x.portfolio_id = %(of)s)"
            " ORDER BY x.breach_id DESC LIMIT %(limit)s) AS b"
            " JOIN risk_limits AS l USING (limit_id)"
            " JOIN portfolios AS p ON p.portfolio_id = b.portfolio_id"
            " LEFT JOIN strategies AS s USING (strategy_id) ORDER BY b.breach_id"
        ).format(_BREACH),
        {"closed": closed, "of": account[0][0], "limit": limit},
    )
    return [_breach(row) for row in found]


def _checked(portfolio: str, limit: RiskLimit, made: Measured, row: Row) -> LimitCheck:
    value: Decimal | None = made.value
    return LimitCheck(
        portfolio, limit.limit_id, limit.metric, limit.unit, value,
        made.reason if value is None else None, *row[1:],
    )  # fmt: skip


def _breach(row: Row) -> Breach:
    breach_id, limit_id, portfolio, metric, *rest = row
    return Breach(breach_id, limit_id, portfolio, metric, UNITS[metric], *rest)
