"""Flows: P&L by day, exposure, open risk, FIFO lots, and the check that every sum holds."""

from __future__ import annotations

from datetime import date
from typing import Final, Literal, get_args

from psycopg import sql

from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.infra.db.flow import Flow, rows
from cryptoscalp.infra.db.queries import query
from cryptoscalp.market.names import one_of
from cryptoscalp.trading.lots import Lots, fifo
from cryptoscalp.trading.portfolios import portfolio as known_portfolio
from cryptoscalp.trading.trades import trades
from cryptoscalp.trading.types import BookCounts, BookDifference, DailyPnl, Exposure, OpenRisk

ExposureBy = Literal["symbol", "exchange", "strategy"]

_EXPOSURE: Final = {
    "symbol": sql.SQL(
        "SELECT symbol || ' on ' || exchange, {} FROM exposure_by_symbol"
        " WHERE portfolio_id = %s ORDER BY symbol, exchange"
    ),
    "exchange": sql.SQL(
        "SELECT exchange::text, {} FROM exposure_by_exchange WHERE portfolio_id = %s"
        " ORDER BY exchange"
    ),
    "strategy": sql.SQL(
        "SELECT coalesce((SELECT name FROM strategies AS s WHERE s.strategy_id = e.strategy_id),"
        " '(none)'), {} FROM exposure_by_strategy AS e WHERE portfolio_id = %s ORDER BY 1"
    ),
}
_DAILY: Final = query("cryptoscalp.trading", "pnl_by_day")
_SUMS: Final = sql.SQL(
    "pnl_currency::text, positions, trim_scale(long_notional), trim_scale(short_notional),"
    " trim_scale(net_notional), trim_scale(gross_notional), trim_scale(unrealized_pnl)"
)


def pnl_by_day(
    portfolio: str, start: date | None = None, end: date | None = None
) -> Flow[list[DailyPnl]]:
    """Realized and unrealized P&L of each UTC day and instrument, by day; `end` is included.

    Amounts are in the settlement currency. A day without fills on which something was open has its
    unrealized P&L. Raises NotFound for an unknown portfolio.
    """
    if start is not None and end is not None and end < start:
        raise InputError(f"end {end} is before start {start}")
    account = yield from known_portfolio(portfolio)
    found = yield from rows(
        _DAILY,
        {"portfolio": account.portfolio_id, "start": start, "end": end},
        prepare=False,
    )
    return [DailyPnl(*row) for row in found]


def exposure(portfolio: str, by: ExposureBy = "symbol") -> Flow[list[Exposure]]:
    """Open notional of a portfolio at the last marks, by symbol, exchange or strategy."""
    one_of(by, get_args(ExposureBy), "grouping of exposure")
    account = yield from known_portfolio(portfolio)
    found = yield from rows(_EXPOSURE[by].format(_SUMS), (account.portfolio_id,))
    return [Exposure(*row) for row in found]


def open_risk(portfolio: str) -> Flow[list[OpenRisk]]:
    """What each open position stands to lose until its stop loss, by position."""
    account = yield from known_portfolio(portfolio)
    found = yield from rows(
        "SELECT position_id, symbol, exchange, side::text, trim_scale(open_quantity),"
        " trim_scale(current_price), trim_scale(stop_loss), pnl_currency::text,"
        " trim_scale(unrealized_pnl), trim_scale(pnl_at_stop), trim_scale(risk_to_stop)"
        " FROM open_risk WHERE portfolio_id = %s ORDER BY position_id",
        (account.portfolio_id,),
    )
    return [OpenRisk(*row) for row in found]


def lots(portfolio: str, position_id: int) -> Flow[Lots]:
    """The fills of a position matched first in, first out: open lots and what each match made.

    Over a closed position its P&L is that of the books, which average: only its split over the
    fills differs. Raises NotFound for an unknown portfolio or a position that is not its.
    """
    found = yield from trades(portfolio, position_id=position_id)
    held = yield from rows(
        "SELECT side::text, inverse FROM positions WHERE position_id = %s", (position_id,)
    )
    if not found or not held:
        raise InputError(f"portfolio {portfolio!r} has no position {position_id}")
    return fifo(position_id, held[0][0], held[0][1], found)


def count_books(portfolio: str | None = None) -> Flow[BookCounts]:
    """How many positions, trades and cash entries a portfolio has, or all of them."""
    if portfolio is not None:
        yield from known_portfolio(portfolio)
    found = yield from rows(
        "SELECT count(*), coalesce(sum(positions), 0)::bigint, coalesce(sum(trades), 0)::bigint,"
        " coalesce(sum(entries), 0)::bigint FROM portfolios AS f CROSS JOIN LATERAL (SELECT"
        "  (SELECT count(*) FROM positions AS p"
        "   WHERE p.portfolio_id = f.portfolio_id) AS positions,"
        "  (SELECT count(*) FROM trades AS t WHERE t.portfolio_id = f.portfolio_id) AS trades,"
        "  (SELECT sum(b.entries) FROM cash_balances AS b"
        "   WHERE b.portfolio_id = f.portfolio_id) AS entries) AS held"
        " WHERE name = coalesce(%s, name)",
        (portfolio,),
    )
    return BookCounts(*found[0])


def check_books(portfolio: str | None = None) -> Flow[list[BookDifference]]:
    """Every sum that must hold, reckoned again from the append-only rows; empty when all do.

    One portfolio, or all. Raises NotFound for an unknown portfolio.
    """
    if portfolio is not None:
        yield from known_portfolio(portfolio)
    found = yield from rows(
        "SELECT portfolio, what, subject, trim_scale(stored), trim_scale(reckoned)"
        " FROM check_books(%s)",
        (portfolio,),
    )
    return [BookDifference(*row) for row in found]
