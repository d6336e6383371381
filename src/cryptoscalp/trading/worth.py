"""Pure calculation: what cash and positions are worth. Exact, each amount rounded once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, localcontext
from itertools import groupby
from operator import itemgetter

from cryptoscalp.infra.db.flow import Row
from cryptoscalp.trading.exact import EXACT, ZERO, rounded, trimmed
from cryptoscalp.trading.types import (
    CurrencyValue,
    PortfolioValue,
    PositionSide,
    PositionValue,
)


@dataclass(frozen=True, slots=True)
class Held:
    """What is open of a position at a moment: quantity and exact cost basis."""

    position_id: int
    symbol: str
    exchange: str
    side: PositionSide
    inverse: bool
    multiplier: Decimal
    margined: bool
    leverage: Decimal
    pnl_currency: str
    base: str
    quantity: Decimal
    cost_basis: Decimal


@dataclass(frozen=True, slots=True)
class Priced:
    """A price and the time it is from."""

    price: Decimal
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Rate:
    """Units of the base currency a unit of another, and where that is from."""

    rate: Decimal
    path: str


def notional(held: Held, price: Decimal) -> Decimal:
    """Open quantity at a price, in the settlement currency.

    Linear: quantity x multiplier x price; inverse: quantity x multiplier / price.
    """
    size = held.quantity * held.multiplier
    return rounded(size / price if held.inverse else size * price)


def unrealized_pnl(held: Held, price: Decimal) -> Decimal:
    """What is open has gained, in the settlement currency; as the database's trigger reckons it."""
    gained = notional(held, price) - held.cost_basis
    return -gained if (held.side == "LONG") == held.inverse else gained


def free_cash(balances: Mapping[str, Decimal], positions: Sequence[Held]) -> dict[str, Decimal]:
    """Balances less the inventory of spot positions, which the positions account for."""
    free = dict(balances)
    with localcontext(EXACT):
        for held in positions:
            if not held.margined:
                signed = held.quantity if held.side == "LONG" else -held.quantity
                free[held.base] = free.get(held.base, ZERO) - signed
    return free


#: Balances by currency, and what is open.
State = tuple[dict[str, Decimal], list[Held]]


def states(cash: Sequence[Row], positions: Sequence[Row], count: int) -> list[State]:
    """Balances and open positions at each of `count` moments, summed up from what moved.

    Rows as the queries `cash_steps` and `position_steps` give them; n is the moment's place.
    """
    cash_at = {n: list(group) for n, group in groupby(sorted(cash), key=itemgetter(0))}
    ordered = sorted(positions, key=itemgetter(0, 1))
    positions_at = {n: list(group) for n, group in groupby(ordered, key=itemgetter(0))}
    balances: dict[str, Decimal] = {}
    sums: dict[int, tuple[Row, Decimal, Decimal]] = {}
    found = []
    with localcontext(EXACT):
        for n in range(count):
            for _, code, amount in cash_at.get(n, ()):
                balances[code] = balances.get(code, ZERO) + amount
            for row in positions_at.get(n, ()):
                _, quantity, cost = sums.get(row[1], (row, ZERO, ZERO))
                sums[row[1]] = (row, quantity + row[11], cost + row[12])
            sums = {key: one for key, one in sums.items() if one[1] != 0}
            held = [held_from(*one) for _, one in sorted(sums.items()) if one[1] > 0]
            found.append((dict(balances), held))
    return found


def held_from(row: Row, quantity: Decimal, cost: Decimal) -> Held:
    """What is open of the position that a row of `position_steps` or `held_now` tells of."""
    return Held(*(*row[1:11], quantity, cost))


def portfolio_value(
    portfolio: str,
    at: datetime,
    base_currency: str,
    balances: Mapping[str, Decimal],
    positions: Sequence[Held],
    prices: Mapping[int, Priced],
    rates: Mapping[str, Rate],
) -> PortfolioValue:
    """The value of cash and positions in the base currency.

    `prices` by position number, `rates` by currency. Equity is the sum of: free cash of each
    currency at its rate; for a spot position its cost with its sign and what it has gained; for a
    derivative what it has gained. Each is rounded once.
    """
    with localcontext(EXACT):
        return _value(portfolio, at, base_currency, balances, positions, prices, rates)


def _value(
    portfolio: str,
    at: datetime,
    base_currency: str,
    balances: Mapping[str, Decimal],
    positions: Sequence[Held],
    prices: Mapping[int, Priced],
    rates: Mapping[str, Rate],
) -> PortfolioValue:
    free = free_cash(balances, positions)
    cash = tuple(
        _currency_value(code, balances.get(code, ZERO), free[code], rates[code])
        for code in sorted(free)
        if free[code]
    )
    valued = tuple(
        _position_value(held, prices[held.position_id], rates[held.pnl_currency].rate)
        for held in positions
    )
    cash_value = sum((one.value for one in cash), ZERO)
    equity = cash_value + sum((one.value for one in valued), ZERO)
    exposure = sum((one.notional_value for one in valued), ZERO)
    margin = sum((one.margin for one in valued), ZERO)
    gained = sum(
        (rounded(one.unrealized_pnl * rates[one.pnl_currency].rate) for one in valued),
        ZERO,
    )
    return PortfolioValue(
        portfolio=portfolio,
        at=at,
        base_currency=base_currency,
        equity=trimmed(equity),
        cash_value=trimmed(cash_value),
        unrealized_pnl=trimmed(gained),
        exposure=trimmed(exposure),
        margin_used=trimmed(margin),
        available_margin=trimmed(equity - margin),
        leverage_ratio=trimmed(rounded(exposure / equity)) if equity > 0 else None,
        cash=cash,
        positions=valued,
    )


def _currency_value(code: str, balance: Decimal, free: Decimal, rate: Rate) -> CurrencyValue:
    value = rounded(free * rate.rate)
    return CurrencyValue(
        code, trimmed(balance), trimmed(free), trimmed(rate.rate), rate.path, trimmed(value)
    )


def _position_value(held: Held, priced: Priced, rate: Decimal) -> PositionValue:
    size = notional(held, priced.price)
    gained = unrealized_pnl(held, priced.price)
    worth = gained
    if not held.margined:
        worth += held.cost_basis if held.side == "LONG" else -held.cost_basis
    size_value = rounded(size * rate)
    lent = held.margined or held.side == "SHORT"
    return PositionValue(
        position_id=held.position_id,
        symbol=held.symbol,
        exchange=held.exchange,
        side=held.side,
        quantity=trimmed(held.quantity),
        price=trimmed(priced.price),
        priced_at=priced.at,
        notional=trimmed(size),
        unrealized_pnl=trimmed(gained),
        pnl_currency=held.pnl_currency,
        notional_value=trimmed(size_value),
        margin=trimmed(rounded(size_value / held.leverage)) if lent else ZERO,
        value=trimmed(rounded(worth * rate)),
    )
