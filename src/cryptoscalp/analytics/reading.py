"""Flows: performance as it is stored, and several side by side."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal, TypeAlias, get_args

from psycopg import sql

from cryptoscalp.analytics.performance_types import Performance
from cryptoscalp.analytics.windows import Period
from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.infra.db.flow import Flow, rows
from cryptoscalp.market.names import moment, one_of, resolve, span
from cryptoscalp.trading.portfolios import portfolio as known_portfolio
from cryptoscalp.trading.portfolios import strategy as known_strategy

#: What is set side by side: whole portfolios, or the strategies or symbols of them.
By: TypeAlias = Literal["portfolio", "strategy", "symbol"]

_COLUMNS: Final = sql.SQL(
    "portfolio, base_currency::text, scope::text, strategy, symbol::text, exchange::text,"
    " period::text, timestamp, started_at, through, total_return, sharpe_ratio, sharpe_low,"
    " sharpe_high, sortino_ratio, calmar_ratio, volatility, max_drawdown, win_rate, profit_factor,"
    " total_trades, wins, losses, trim_scale(avg_win), trim_scale(avg_loss),"
    " trim_scale(gross_profit), trim_scale(gross_loss), fills, trim_scale(turnover),"
    " trim_scale(fees), trim_scale(slippage), slippage_bps, slippage_fills, returns, gaps, lacking,"
    " reasons, revision, computed_at, method"
)


def performance(
    portfolio: str,
    period: Period = "1d",
    *,
    strategy: str | None = None,
    symbol: str | None = None,
    exchange: str | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
    limit: int | None = None,
) -> Flow[list[Performance]]:
    """The stored windows of a portfolio, or of a strategy or symbol of it, by time.

    Windows that begin in [start, end); with `limit` the last so many. Windows are as far as the
    last refresh; `through` says how far. What the portfolio never held has none. Raises NotFound
    for an unknown portfolio, strategy or symbol, AmbiguousSymbol, InputError for a strategy and a
    symbol together, a bad period or range.
    """
    one_of(period, get_args(Period), "period")
    if strategy is not None and symbol is not None:
        raise InputError("a strategy's or a symbol's performance: give one of the two")
    if limit is not None and limit < 1:
        raise InputError(f"limit {limit} must be at least 1")
    if start is not None and end is not None:
        span(start, end)
    account = yield from known_portfolio(portfolio)
    scope = "STRATEGY" if strategy else "SYMBOL" if symbol else "PORTFOLIO"
    if symbol is not None:
        symbol, exchange = yield from resolve(symbol, exchange)
    if strategy is not None:
        yield from known_strategy(strategy)
    found = yield from rows(
        sql.SQL(
            "SELECT {} FROM (SELECT * FROM performance WHERE portfolio_id = %(portfolio)s"
            " AND period = %(period)s::performance_period AND scope = %(scope)s::performance_scope"
            " AND strategy IS NOT DISTINCT FROM %(strategy)s"
            " AND symbol IS NOT DISTINCT FROM %(symbol)s"
            " AND (%(scope)s <> 'SYMBOL' OR exchange = %(exchange)s)"
            " AND timestamp >= coalesce(%(start)s, '-infinity'::timestamptz)"
            " AND timestamp < coalesce(%(end)s, 'infinity'::timestamptz)"
            " ORDER BY timestamp DESC LIMIT %(limit)s) AS last ORDER BY timestamp"
        ).format(_COLUMNS),
        {
            "portfolio": account.portfolio_id, "period": period, "scope": scope,
            "strategy": strategy, "symbol": symbol, "exchange": exchange,
            "start": moment(start, "start") if start else None,
            "end": moment(end, "end") if end else None, "limit": limit,
        },
    )  # fmt: skip
    return [Performance(*row) for row in found]


def compare(
    portfolios: Sequence[str] | None = None,
    period: Period = "1d",
    *,
    by: By = "portfolio",
    at: datetime | None = None,
) -> Flow[list[Performance]]:
    """One window of several portfolios, or of all their strategies or symbols, best return first.

    The newest window that is stored of the period, or the one that has the moment `at`. What has
    no return comes last. Raises NotFound for an unknown portfolio, InputError for a bad period.
    """
    one_of(period, get_args(Period), "period")
    one_of(by, get_args(By), "comparison")
    for name in portfolios or ():
        yield from known_portfolio(name)
    found = yield from rows(
        sql.SQL(
            "SELECT {} FROM performance AS p WHERE period = %(period)s::performance_period"
            " AND scope = %(scope)s::performance_scope"
            " AND portfolio = ANY (coalesce(%(names)s::text[], ARRAY[portfolio]))"
            " AND timestamp = (SELECT max(w.timestamp) FROM performance_analytics AS w"
            "  WHERE w.period = p.period AND w.portfolio_id = p.portfolio_id"
            "  AND w.timestamp < coalesce(%(at)s, 'infinity'::timestamptz))"
            " ORDER BY total_return DESC NULLS LAST, portfolio, strategy, symbol, exchange"
        ).format(_COLUMNS),
        {
            "period": period, "scope": by.upper(), "at": moment(at, "at") if at else None,
            "names": list(portfolios) if portfolios is not None else None,
        },
    )  # fmt: skip
    return [Performance(*row) for row in found]
