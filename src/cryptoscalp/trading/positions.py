"""Flows: read positions, mark them, set their stops, find what has reached one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Final, Literal, get_args

from psycopg import sql

from cryptoscalp.infra.db.errors import InputError, IntegrityRefused, NotFound
from cryptoscalp.infra.db.flow import Flow, rows, run
from cryptoscalp.infra.db.queries import query
from cryptoscalp.market.names import one_of
from cryptoscalp.trading.amounts import above_zero, now_or
from cryptoscalp.trading.portfolios import portfolio as known_portfolio
from cryptoscalp.trading.types import Breach, Breached, Marked, Position, PriceKind

Which = Literal["open", "closed", "all"]

_COLUMNS: Final = sql.SQL(
    "position_id, portfolio_id, strategy_id, symbol, exchange, side::text, status::text,"
    " trim_scale(quantity), trim_scale(closed_quantity), trim_scale(open_quantity),"
    " trim_scale(entry_price), trim_scale(exit_price), trim_scale(current_price),"
    " trim_scale(cost_basis), trim_scale(unrealized_pnl), trim_scale(realized_pnl),"
    " trim_scale(funding), pnl_currency::text, trim_scale(stop_loss), trim_scale(take_profit),"
    " inverse, trim_scale(contract_multiplier), margined, trim_scale(leverage), timestamp,"
    " opened_at, closed_at, marked_at"
)
#: One statement each, so that an open position is read in one round trip.
_READ: Final = {
    which: sql.SQL(
        "SELECT {} FROM positions WHERE portfolio_id ="
        " (SELECT portfolio_id FROM portfolios WHERE name = %s) {} ORDER BY position_id"
    ).format(_COLUMNS, sql.SQL(condition))
    for which, condition in (
        ("open", "AND status IN ('OPEN', 'PARTIAL')"),
        ("closed", "AND status = 'CLOSED'"),
        ("all", ""),
    )
}
_MARKS: Final = {kind: query("cryptoscalp.trading", f"mark_{kind}") for kind in get_args(PriceKind)}
_BREACHED: Final = query("cryptoscalp.trading", "breached")


def positions(portfolio: str, which: Which = "open") -> Flow[list[Position]]:
    """Positions of a portfolio in the order they were opened: the open ones, unless said.

    Raises NotFound for an unknown portfolio.
    """
    one_of(which, get_args(Which), "kind of positions")
    found = yield from rows(_READ[which], (portfolio,))
    if not found:
        yield from known_portfolio(portfolio)
    return [Position(*row) for row in found]


def position(position_id: int) -> Flow[Position]:
    """One position by its number; NotFound when there is none."""
    found = yield from rows(
        sql.SQL("SELECT {} FROM positions WHERE position_id = %s").format(_COLUMNS), (position_id,)
    )
    if not found:
        raise NotFound(f"there is no position {position_id}; `cryptoscalp positions list` has them")
    return Position(*found[0])


def mark(portfolio: str, by: PriceKind = "quote") -> Flow[Marked]:
    """Mark every open position of a portfolio with the newest price, in one statement.

    `by` "quote": the side that would close it, bid for LONG and ask for SHORT; "mid"; "last": the
    last trade, where none is stored the last candle that had ended; "mark": the venue's mark price.
    Positions without such a price keep their mark and are named. Raises NotFound for an unknown
    portfolio.
    """
    one_of(by, get_args(PriceKind), "kind of price")
    account = yield from known_portfolio(portfolio)
    found = yield from rows(_MARKS[by], {"portfolio": account.portfolio_id})
    return Marked(found[0][0], tuple(int(one) for one in found[0][1]))


def mark_position(
    position_id: int, price: Decimal, *, timestamp: datetime | None = None
) -> Flow[None]:
    """Mark one open position with a price of the caller's; NotFound when none is open."""
    above_zero(price, "price")
    touched = yield from run(
        "UPDATE positions SET current_price = %s, marked_at = %s"
        " WHERE position_id = %s AND status IN ('OPEN', 'PARTIAL')",
        (price, now_or(timestamp, "timestamp"), position_id),
    )
    if not touched:
        raise NotFound(f"there is no open position {position_id}")


def set_stop_loss(position_id: int, price: Decimal | None) -> Flow[Position]:
    """Set the price at which an open position is given up; None takes it away.

    It may lie on either side of the entry price (a trailing stop), not beyond the take profit.
    Raises InputError, NotFound, IntegrityRefused for a closed position.
    """
    return (yield from _set(position_id, {"stop_loss": price}))


def set_take_profit(position_id: int, price: Decimal | None) -> Flow[Position]:
    """Set the price at which an open position takes its profit; None takes it away.

    Raises as `set_stop_loss` does.
    """
    return (yield from _set(position_id, {"take_profit": price}))


def set_stops(
    position_id: int, stop_loss: Decimal | None, take_profit: Decimal | None
) -> Flow[Position]:
    """Set both levels of an open position at once; None takes one away.

    Raises as `set_stop_loss` does.
    """
    return (yield from _set(position_id, {"stop_loss": stop_loss, "take_profit": take_profit}))


def _set(position_id: int, levels: Mapping[str, Decimal | None]) -> Flow[Position]:
    for level, price in levels.items():
        if price is not None:
            above_zero(price, level)
    held = yield from rows(
        sql.SQL("SELECT {} FROM positions WHERE position_id = %s FOR NO KEY UPDATE").format(
            _COLUMNS
        ),
        (position_id,),
    )
    if not held:
        raise NotFound(f"there is no position {position_id}; `cryptoscalp positions list` has them")
    one = Position(*held[0])
    if one.status == "CLOSED":
        raise IntegrityRefused(f"position {position_id} is closed and does not change any more")
    stop = levels.get("stop_loss", one.stop_loss)
    target = levels.get("take_profit", one.take_profit)
    if stop is not None and target is not None:
        lower, upper = (stop, target) if one.side == "LONG" else (target, stop)
        if lower >= upper:
            raise InputError(
                f"{one.side} position {position_id}: stop loss {stop} and take profit {target}"
                " would both be reached at once"
            )
    yield from run(
        "UPDATE positions SET stop_loss = %s, take_profit = %s WHERE position_id = %s",
        (stop, target, position_id),
    )
    return (yield from position(position_id))


def breached(portfolio: str, by: PriceKind = "quote") -> Flow[Breached]:
    """Open positions whose stop loss or take profit the newest price has reached.

    `by` as for `mark`. Positions with a stop or target but without such a price are named too.
    Nothing is changed. Raises NotFound for an unknown portfolio.
    """
    one_of(by, get_args(PriceKind), "kind of price")
    account = yield from known_portfolio(portfolio)
    found = yield from rows(_BREACHED, {"portfolio": account.portfolio_id, "by": by.upper()})
    return Breached(
        tuple(Breach(*row) for row in found if row[-1] is not None),
        tuple(row[0] for row in found if row[-1] is None),
    )
