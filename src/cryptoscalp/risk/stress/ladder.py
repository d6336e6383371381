"""Forced closes: what a venue takes away while equity is below maintenance margin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal, localcontext
from typing import Final

from cryptoscalp.risk.stress.book import Book, lent, valued
from cryptoscalp.risk.stress.scenario_types import Liquidation
from cryptoscalp.trading.exact import EXACT, ZERO, rounded, share
from cryptoscalp.trading.types import PortfolioValue
from cryptoscalp.trading.worth import Held, Priced, Rate, notional, unrealized_pnl

_HUNDRED: Final = Decimal(100)
#: Kinds of costs.
LIQUIDATION: Final = "liquidation"
FUNDING: Final = "funding"
EXIT: Final = "exit"


@dataclass(slots=True)
class Standing:
    """Cash and positions on their way through a scenario.

    `settled` is what a position has brought or cost in cash, by currency; `closed` what was
    forcibly closed of it; `costs` what was paid for one kind of thing, by currency.
    """

    balances: dict[str, Decimal]
    held: dict[int, Held]
    settled: dict[int, dict[str, Decimal]] = field(default_factory=dict)
    closed: dict[int, Decimal] = field(default_factory=dict)
    costs: dict[str, dict[str, Decimal]] = field(default_factory=dict)

    def pay(self, position: int, currency: str, amount: Decimal) -> None:
        """Book cash that a position brings or costs."""
        with localcontext(EXACT):
            self.balances[currency] = self.balances.get(currency, ZERO) + amount
            own = self.settled.setdefault(position, {})
            own[currency] = own.get(currency, ZERO) + amount

    def charge(self, position: int, currency: str, amount: Decimal, kind: str) -> None:
        """Book what a position is charged (below zero: what it receives), counted by kind too."""
        self.pay(position, currency, -amount)
        with localcontext(EXACT):
            own = self.costs.setdefault(kind, {})
            own[currency] = own.get(currency, ZERO) + amount

    def cost(self, kind: str, rates: Mapping[str, Rate]) -> Decimal:
        """What was charged of a kind, in the base currency."""
        with localcontext(EXACT):
            paid = self.costs.get(kind, {}).items()
            return sum((rounded(amount * rates[code].rate) for code, amount in paid), ZERO)


def begun(book: Book) -> Standing:
    """Where a scenario begins."""
    return Standing(dict(book.balances), {one.position_id: one for one in book.held})


def maintenance(value: PortfolioValue, standing: Standing, pct: Decimal) -> Decimal:
    """Maintenance margin in the base currency: `pct` of the notional that needs margin."""
    with localcontext(EXACT):
        open_ = sum(
            (one.notional_value for one in value.positions if lent(standing.held[one.position_id])),
            ZERO,
        )
        return rounded(open_ * pct / _HUNDRED)


def descend(
    book: Book,
    standing: Standing,
    prices: Mapping[int, Priced],
    rates: Mapping[str, Rate],
    rule: Liquidation,
    frozen: frozenset[int],
) -> PortfolioValue:
    """Close slices until equity covers maintenance margin, or nothing is left to close.

    The position with the largest notional that needs margin goes first (the smaller number where
    they are equal); positions that are frozen stay. Returns the value after it.
    """
    while True:
        found = valued(book, standing.balances, list(standing.held.values()), prices, rates)
        if found.equity >= maintenance(found, standing, rule.maintenance_pct):
            return found
        due = [
            one
            for one in found.positions
            if one.position_id not in frozen and lent(standing.held[one.position_id])
        ]
        if not due:
            return found
        first = min(due, key=lambda one: (-one.notional_value, one.position_id))
        _close(book, standing, first.position_id, prices[first.position_id].price, rule)


def _close(
    book: Book, standing: Standing, position: int, price: Decimal, rule: Liquidation
) -> None:
    held = standing.held[position]
    whole = next(one.quantity for one in book.held if one.position_id == position)
    with localcontext(EXACT):
        part = min(rounded(whole * rule.slice_pct / _HUNDRED) or held.quantity, held.quantity)
        left = held.quantity - part
        # What is left has what the part did not take: no unit of cost is lost.
        cost = held.cost_basis if not left else share(held.cost_basis, part, held.quantity)
        gone = replace(held, quantity=part, cost_basis=cost)
        size = notional(gone, price)
        if held.margined:
            standing.pay(position, held.pnl_currency, unrealized_pnl(gone, price))
        else:  # a spot short is bought back
            standing.pay(position, book.quotes[position], -size)
            standing.balances[held.base] = standing.balances.get(held.base, ZERO) + part
        fee = rounded(size * rule.fee_pct / _HUNDRED)
        paid_in = held.pnl_currency if held.margined else book.quotes[position]
        standing.charge(position, paid_in, fee, LIQUIDATION)
        standing.closed[position] = standing.closed.get(position, ZERO) + part
        if left:
            standing.held[position] = replace(
                held, quantity=left, cost_basis=held.cost_basis - cost
            )
        else:
            del standing.held[position]
