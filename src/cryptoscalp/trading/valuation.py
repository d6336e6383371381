"""Flows: the value of a portfolio, now or at any moment before, and its equity curve."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final, get_args

from cryptoscalp.infra.db.errors import InputError, NotFound
from cryptoscalp.infra.db.flow import Flow, rows
from cryptoscalp.infra.db.queries import query
from cryptoscalp.market.names import moment, one_of, span
from cryptoscalp.trading.amounts import rates_json
from cryptoscalp.trading.portfolios import portfolio as known_portfolio
from cryptoscalp.trading.types import Portfolio, PortfolioValue, PriceKind, Rates
from cryptoscalp.trading.worth import (
    Held,
    Priced,
    Rate,
    State,
    free_cash,
    held_from,
    portfolio_value,
    states,
)

_ROOM: Final = "cryptoscalp.trading"
_CASH_STEPS: Final = query(_ROOM, "cash_steps")
_POSITION_STEPS: Final = query(_ROOM, "position_steps")
_HELD_NOW: Final = query(_ROOM, "held_now")
_MOST_POINTS: Final = 100_000


def value(
    portfolio: str,
    at: datetime | None = None,
    *,
    by: PriceKind | None = None,
    rates: Rates | None = None,
) -> Flow[PortfolioValue]:
    """What a portfolio is worth, in its base currency: equity, exposure, margin, leverage.

    Without `at` and `by`: now, positions at their last marks. `by` takes prices of that kind as
    they were known at the moment (the last trade, for a moment that is over). `rates` values
    currencies; the others are valued by the stored market data. Raises NotFound where a price or
    the portfolio is not known, MissingRate for a currency without a rate.
    """
    account = yield from known_portfolio(portfolio)
    if at is None and by is None:
        return (yield from _as_marked(account, rates))
    found = yield from _values(account, [_past(at)], by or "last", rates)
    return found[0]


def equity_curve(
    portfolio: str,
    start: datetime,
    end: datetime,
    step: timedelta = timedelta(hours=1),
    *,
    by: PriceKind = "last",
    rates: Rates | None = None,
) -> Flow[list[PortfolioValue]]:
    """The portfolio's value at start, start + step, … up to and including `end`.

    Each point is what `value` gives at that moment. Raises as `value` does, and InputError for a
    range or step that is none, or of more than 100,000 points.
    """
    first, last = span(start, end)
    if step <= timedelta(0):
        raise InputError(f"step {step} must be above zero")
    count = (last - first) // step + 1
    if count > _MOST_POINTS:
        raise InputError(
            f"{count:,} points are too many; at most {_MOST_POINTS:,}, take a longer step"
        )
    _past(last)
    account = yield from known_portfolio(portfolio)
    return (yield from _values(account, [first + n * step for n in range(count)], by, rates))


def _past(at: datetime | None) -> datetime:
    now = datetime.now(UTC)
    if at is None:
        return now
    if moment(at, "at") > now:
        raise InputError(f"{at.isoformat()} is not over yet")
    return at


def _as_marked(account: Portfolio, rates: Rates | None) -> Flow[PortfolioValue]:
    given = {"portfolio": account.portfolio_id}
    balances = yield from rows(
        "SELECT currency::text, balance FROM cash_balances WHERE portfolio_id = %(portfolio)s",
        given,
    )
    found = yield from rows(_HELD_NOW, given)
    held = [held_from(row, row[11], row[12]) for row in found]
    prices = {row[1]: Priced(row[13], row[14]) for row in found}
    now = datetime.now(UTC)
    cash: dict[str, Decimal] = dict(balances)
    known = yield from _rates(account, [(now, one) for one in _needed(cash, held)], rates)
    return portfolio_value(
        account.name, now, account.base_currency, cash, held, prices,
        {code: rate for (_, code), rate in known.items()},
    )  # fmt: skip


def _values(
    account: Portfolio, moments: Sequence[datetime], by: PriceKind, rates: Rates | None
) -> Flow[list[PortfolioValue]]:
    one_of(by, get_args(PriceKind), "kind of price")
    reached = yield from _states(account, moments)
    prices = yield from known_prices(moments, [held for _, held in reached], by)
    wanted = [
        (at, code)
        for at, (cash, held) in zip(moments, reached, strict=True)
        for code in _needed(cash, held)
    ]
    known = yield from _rates(account, wanted, rates)
    return [
        portfolio_value(
            account.name, at, account.base_currency, cash, held,
            {one.position_id: prices[n, one.position_id] for one in held},
            {code: known[at, code] for code in _needed(cash, held)},
        )
        for n, (at, (cash, held)) in enumerate(zip(moments, reached, strict=True))
    ]  # fmt: skip


def _states(account: Portfolio, moments: Sequence[datetime]) -> Flow[list[State]]:
    given = {
        "portfolio": account.portfolio_id, "moments": list(moments), "last": moments[-1],
    }  # fmt: skip
    cash = yield from rows(_CASH_STEPS, given)
    changed = yield from rows(_POSITION_STEPS, given)
    return states(cash, changed, len(moments))


def _needed(cash: dict[str, Decimal], held: list[Held]) -> list[str]:
    """The currencies whose rates a value needs."""
    free = free_cash(cash, held)
    return sorted({code for code in free if free[code]} | {one.pnl_currency for one in held})


def known_prices(
    moments: Sequence[datetime], positions: Sequence[Sequence[Held]], by: PriceKind
) -> Flow[dict[tuple[int, int], Priced]]:
    """The price of each position at each moment, by (index of the moment, position number).

    `positions[n]` are those held at `moments[n]`. NotFound names what has no price of the kind.
    """
    wanted = [(n, one) for n, held in enumerate(positions) for one in held]
    found = yield from rows(
        "SELECT known.price, known.timestamp"
        " FROM unnest(%s::text[], %s::text[], %s::timestamptz[], %s::position_side[])"
        "   WITH ORDINALITY AS asked (symbol, exchange, at, side, place)"
        " LEFT JOIN LATERAL price_at(asked.symbol, asked.exchange, asked.at, %s::price_kind,"
        "   asked.side) AS known ON true ORDER BY asked.place",
        (
            [one.symbol for _, one in wanted], [one.exchange for _, one in wanted],
            [moments[n] for n, _ in wanted], [one.side for _, one in wanted], by.upper(),
        ),
    )  # fmt: skip
    lacking = {
        f"{one.symbol} on {one.exchange} at {moments[n].isoformat()}"
        for (n, one), (price, _) in zip(wanted, found, strict=True)
        if price is None
    }
    if lacking:
        told = sorted(lacking)
        more = f" and {len(told) - 5} more" if len(told) > 5 else ""
        raise NotFound(
            f"no {by} price is known within a week of {', '.join(told[:5])}{more}; import market"
            " data, or value by another kind of price"
        )
    return {(n, one.position_id): Priced(*row) for (n, one), row in zip(wanted, found, strict=True)}


def _rates(
    account: Portfolio, wanted: Sequence[tuple[datetime, str]], rates: Rates | None
) -> Flow[dict[tuple[datetime, str], Rate]]:
    found = yield from rows(
        "SELECT known.rate, known.path FROM unnest(%s::timestamptz[], %s::text[])"
        "   WITH ORDINALITY AS asked (at, code, place)"
        " CROSS JOIN LATERAL conversion(asked.code, %s, asked.at, %s, %s::jsonb, NULL) AS known"
        " ORDER BY asked.place",
        (
            [at for at, _ in wanted], [code for _, code in wanted], account.base_currency,
            account.base_currency, rates_json(rates),
        ),
    )  # fmt: skip
    return {key: Rate(*row) for key, row in zip(wanted, found, strict=True)}
