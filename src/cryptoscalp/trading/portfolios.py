"""Flows: portfolios, and strategies with the symbols they trade."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import get_args

from psycopg import sql

from cryptoscalp.infra.db.errors import IntegrityRefused, NotFound
from cryptoscalp.infra.db.flow import Flow, rows, run
from cryptoscalp.market.names import one_of, resolve
from cryptoscalp.trading.amounts import above_zero
from cryptoscalp.trading.names import currency, named
from cryptoscalp.trading.types import Portfolio, PositionMode, Strategy

_PORTFOLIO = sql.SQL(
    "portfolio_id, name, base_currency::text, position_mode::text, trim_scale(leverage),"
    " created_at, closed_at"
)


def create_portfolio(
    name: str,
    base_currency: str,
    *,
    position_mode: PositionMode = "NETTING",
    leverage: Decimal = Decimal(1),
) -> Flow[Portfolio]:
    """A new portfolio; the one of that name where it is there with the same terms.

    `base_currency` is what it is valued in, `leverage` that of new positions. Raises InputError
    for what cannot be one, IntegrityRefused when the name has other terms.
    """
    named(name, "portfolio")
    currency(base_currency)
    one_of(position_mode, get_args(PositionMode), "position mode")
    above_zero(leverage, "leverage")
    yield from run(
        "INSERT INTO portfolios (name, base_currency, position_mode, leverage)"
        " VALUES (%s, %s, %s::position_mode, %s) ON CONFLICT (name) DO NOTHING",
        (name, base_currency, position_mode, leverage),
    )
    there = yield from portfolio(name)
    if (there.base_currency, there.position_mode, there.leverage) != (
        base_currency,
        position_mode,
        leverage,
    ):
        raise IntegrityRefused(
            f"portfolio {name!r} is there with other terms: {there.base_currency},"
            f" {there.position_mode}, leverage {there.leverage}; choose another name"
        )
    return there


def portfolio(name: str) -> Flow[Portfolio]:
    """The portfolio of a name; NotFound when there is none."""
    found = yield from rows(
        sql.SQL("SELECT {} FROM portfolios WHERE name = %s").format(_PORTFOLIO), (name,)
    )
    if not found:
        raise NotFound(
            f"there is no portfolio {name!r}; `cryptoscalp portfolio list` shows them,"
            " `cryptoscalp portfolio create` makes one"
        )
    return Portfolio(*found[0])


def portfolios() -> Flow[list[Portfolio]]:
    """All portfolios by name, the closed ones too."""
    found = yield from rows(sql.SQL("SELECT {} FROM portfolios ORDER BY name").format(_PORTFOLIO))
    return [Portfolio(*row) for row in found]


def close_portfolio(name: str) -> Flow[Portfolio]:
    """Retire a portfolio: nothing more is booked in it, its books stay.

    Raises NotFound, and IntegrityRefused while positions are open.
    """
    yield from portfolio(name)
    held = yield from rows(
        "SELECT count(*) FROM positions JOIN portfolios USING (portfolio_id)"
        " WHERE name = %s AND status IN ('OPEN', 'PARTIAL')",
        (name,),
    )
    if held[0][0]:
        raise IntegrityRefused(
            f"portfolio {name!r} has {held[0][0]} open positions; close them first"
        )
    yield from run(
        "UPDATE portfolios SET closed_at = coalesce(closed_at, now()) WHERE name = %s", (name,)
    )
    return (yield from portfolio(name))


def create_strategy(
    name: str,
    description: str | None = None,
    *,
    symbols: Iterable[tuple[str, str]] = (),
) -> Flow[Strategy]:
    """A strategy, made where there is none of that name, and what it trades.

    `symbols` are (symbol, exchange) of stored instruments; those that are there stay. Raises
    NotFound for an unknown instrument, AmbiguousSymbol.
    """
    named(name, "strategy")
    pairs = []
    for symbol, exchange in symbols:
        pairs.append((yield from resolve(symbol, exchange)))
    yield from run(
        "INSERT INTO strategies (name, description) VALUES (%s, %s)"
        " ON CONFLICT (name) DO UPDATE SET description ="
        " coalesce(excluded.description, strategies.description)",
        (name, description),
    )
    yield from run(
        "INSERT INTO strategy_symbols (strategy_id, symbol, exchange)"
        " SELECT strategy_id, symbol, exchange FROM strategies,"
        " unnest(%s::text[], %s::text[]) AS given (symbol, exchange) WHERE name = %s"
        " ON CONFLICT DO NOTHING",
        ([pair[0] for pair in pairs], [pair[1] for pair in pairs], name),
    )
    found = yield from strategies(name)
    return found[0]


def strategy(name: str) -> Flow[Strategy]:
    """The strategy of a name; NotFound when there is none."""
    found = yield from strategies(name)
    if not found:
        raise NotFound(f"there is no strategy {name!r}; `cryptoscalp strategies list` shows them")
    return found[0]


def strategies(name: str | None = None) -> Flow[list[Strategy]]:
    """Strategies by name, with the symbols they trade."""
    found = yield from rows(
        "SELECT strategy_id, name, description, created_at, retired_at,"
        " ARRAY(SELECT ARRAY[symbol::text, exchange::text] FROM strategy_symbols AS traded"
        "       WHERE traded.strategy_id = strategies.strategy_id ORDER BY symbol, exchange)"
        " FROM strategies WHERE name = coalesce(%s, name) ORDER BY name",
        (name,),
    )
    return [Strategy(*(*row[:5], tuple((one[0], one[1]) for one in row[5]))) for row in found]


def retire_strategy(name: str) -> Flow[Strategy]:
    """Note that a strategy has stopped trading; what it did stays. Raises NotFound."""
    touched = yield from run(
        "UPDATE strategies SET retired_at = coalesce(retired_at, now()) WHERE name = %s", (name,)
    )
    if not touched:
        raise NotFound(f"there is no strategy {name!r}; `cryptoscalp strategies list` shows them")
    return (yield from strategy(name))
