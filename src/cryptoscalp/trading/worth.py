"""Pure calculation: what cash and positions are worth. Exact, each amount rounded once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Final

from cryptoscalp.trading.types import (
    CurrencyValue,
    PortfolioValue,
    PositionSide,
    PositionValue,
)

#: Products of two amounts have up to 76 digits; sums some more.
_EXACT: Final = Context(prec=120, rounding=ROUND_HALF_EVEN)
_UNIT: Final = Decimal("1e-18")
_ZERO: Final = Decimal(0)


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


def rounded(amount: Decimal) -> Decimal:
    """Half-even to 18 decimals (S17)."""
    return amount.quantize(_UNIT, context=_EXACT)


def notional(held: Held, price: Decimal) -> Decimal:
    """Open quantity at a price, in the settlement currency.

    Linear: quantity x multiplier x price; inverse: quantity x multiplier / price.
    """
    size = _EXACT.multiply(held.quantity, held.multiplier)
    return rounded(_EXACT.divide(size, price) if held.inverse else _EXACT.multiply(size, price))


def unrealized_pnl(held: Held, price: Decimal) -> Decimal:
    """What is open has gained, in the settlement currency; as the database's trigger reckons it."""
    gained = notional(held, price) - held.cost_basis
    return -gained if (held.side == "LONG") == held.inverse else gained


def free_cash(balances: Mapping[str, Decimal], positions: Sequence[Held]) -> dict[str, Decimal]:
    """Balances less the inventory of spot positions, which the positions account for."""
    free = dict(balances)
    for held in positions:
        if not held.margined:
            signed = held.quantity if held.side == "LONG" else -held.quantity
            free[held.base] = free.get(held.base, _ZERO) - signed
    return free


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
    free = free_cash(balances, positions)
    cash = tuple(
        _currency_value(code, balances.get(code, _ZERO), free[code], rates[code])
        for code in sorted(free)
        if free[code]
    )
    valued = tuple(
        _position_value(held, prices[held.position_id], rates[held.pnl_currency].rate)
        for held in positions
    )
    cash_value = sum((one.value for one in cash), _ZERO)
    equity = cash_value + sum((one.value for one in valued), _ZERO)
    exposure = sum((one.notional_value for one in valued), _ZERO)
    margin = sum((one.margin for one in valued), _ZERO)
    gained = sum(
        (
            rounded(_EXACT.multiply(one.unrealized_pnl, rates[one.pnl_currency].rate))
            for one in valued
        ),
        _ZERO,
    )
    return PortfolioValue(
        portfolio=portfolio,
        at=at,
        base_currency=base_currency,
        equity=equity,
        cash_value=cash_value,
        unrealized_pnl=gained,
        exposure=exposure,
        margin_used=margin,
        available_margin=equity - margin,
        leverage_ratio=rounded(_EXACT.divide(exposure, equity)) if equity > 0 else None,
        cash=cash,
        positions=valued,
    )


def _currency_value(code: str, balance: Decimal, free: Decimal, rate: Rate) -> CurrencyValue:
    value = rounded(_EXACT.multiply(free, rate.rate))
    return CurrencyValue(code, balance, free, rate.rate, rate.path, value)


def _position_value(held: Held, priced: Priced, rate: Decimal) -> PositionValue:
    size = notional(held, priced.price)
    gained = unrealized_pnl(held, priced.price)
    worth = gained
    if not held.margined:
        worth += held.cost_basis if held.side == "LONG" else -held.cost_basis
    size_value = rounded(_EXACT.multiply(size, rate))
    lent = held.margined or held.side == "SHORT"
    return PositionValue(
        position_id=held.position_id,
        symbol=held.symbol,
        exchange=held.exchange,
        side=held.side,
        quantity=held.quantity,
        price=priced.price,
        priced_at=priced.at,
        notional=size,
        unrealized_pnl=gained,
        pnl_currency=held.pnl_currency,
        notional_value=size_value,
        margin=rounded(_EXACT.divide(size_value, held.leverage)) if lent else _ZERO,
        value=rounded(_EXACT.multiply(worth, rate)),
    )
