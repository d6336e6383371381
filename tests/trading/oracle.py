"""Books kept a second time, in exact fractions: what the database's have to equal.

Written from the rules in words (docs/books.md), not from the SQL: a notional is rounded once,
half-even to 18 decimals; average cost; what is split is split so that the parts add up.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

from cryptoscalp import Fill
from tests.trading.books import Traded

_UNIT = 10**18


def r18(exact: Fraction) -> Fraction:
    """Rounded half-even to 18 decimals: Python rounds a fraction's half to even."""
    return Fraction(round(exact * _UNIT), _UNIT)


@dataclass
class Cycle:
    """An open position."""

    side: str
    quantity: Fraction = Fraction(0)
    cost: Fraction = Fraction(0)
    realized: Fraction = Fraction(0)
    funding: Fraction = Fraction(0)
    closed: Fraction = Fraction(0)


@dataclass
class Ledger:
    """Balances, open positions, and what every settlement currency has made."""

    hedging: bool = False
    cash: dict[str, Fraction] = field(default_factory=lambda: defaultdict(Fraction))
    open: dict[tuple[str, str, str | None, str | None], Cycle] = field(default_factory=dict)
    over: list[Cycle] = field(default_factory=list)
    made: dict[str, Fraction] = field(default_factory=lambda: defaultdict(Fraction))

    def key(self, one: Traded, fill: Fill) -> tuple[str, str, str | None, str | None]:
        """What tells open positions apart."""
        sided = fill.position_side if self.hedging else None
        return one.symbol, one.exchange, fill.strategy, sided

    def refuses(self, one: Traded, fill: Fill) -> bool:
        """Whether a hedging account cannot have this fill: it would turn a position over."""
        if not self.hedging:
            return False
        mine = "LONG" if fill.side == "BUY" else "SHORT"
        if fill.position_side == mine:
            return False
        held = self.open.get(self.key(one, fill))
        return held is None or self.effective(one, fill)[0] > held.quantity

    def effective(self, one: Traded, fill: Fill) -> tuple[Fraction, Fraction]:
        """What a fill adds to or takes from a position, and what that is worth."""
        quantity, price = Fraction(fill.quantity), Fraction(fill.price)
        notional = self.notional(one, quantity, price)
        if one.settle is None and fill.side == "BUY" and fill.fee_currency == one.base:
            return quantity - Fraction(fill.fee), notional - r18(Fraction(fill.fee) * price)
        return quantity, notional

    @staticmethod
    def notional(one: Traded, quantity: Fraction, price: Fraction) -> Fraction:
        size = quantity * Fraction(one.multiplier if one.settle else 1)
        return r18(size / price if one.inverse else size * price)

    def apply(self, one: Traded, fill: Fill) -> None:
        """Book a fill."""
        quantity, worth = self.effective(one, fill)
        sign = 1 if fill.side == "BUY" else -1
        currency = one.pnl_currency
        notional = self.notional(one, Fraction(fill.quantity), Fraction(fill.price))
        if one.settle is None:
            self.cash[one.quote] -= sign * notional
            self.cash[one.base] += sign * Fraction(fill.quantity)
        fee = Fraction(fill.fee)
        if fee and fill.fee_currency:
            self.cash[fill.fee_currency] -= fee
            # A fee out of the stock costs what it was worth; all others cost what they are.
            if notional != worth:
                self.made[currency] -= notional - worth
            elif not (one.settle is None and fill.fee_currency == one.base and sign > 0):
                self.made[fill.fee_currency] -= fee
        key = self.key(one, fill)
        held = self.open.get(key)
        mine = "LONG" if sign > 0 else "SHORT"
        if held is not None and held.side != mine:
            part = min(quantity, held.quantity)
            value = worth if part == quantity else r18(worth * part / quantity)
            cost = held.cost if part == held.quantity else r18(held.cost * part / held.quantity)
            gained = value - cost
            pnl = -gained if (held.side == "LONG") == one.inverse else gained
            held.realized += pnl
            held.cost -= cost
            held.quantity -= part
            held.closed += part
            self.made[currency] += pnl
            if one.settle is not None:
                self.cash[currency] += pnl
            if held.quantity == 0:
                self.over.append(self.open.pop(key))
            quantity, worth, held = quantity - part, worth - value, None
        if quantity:
            held = self.open.setdefault(key, Cycle(mine))
            held.quantity += quantity
            held.cost += worth

    def transfer(self, currency: str, amount: Decimal) -> None:
        """Book a deposit or withdrawal."""
        self.cash[currency] += Fraction(amount)
        self.made[currency] += Fraction(amount)

    def fund(self, one: Traded, held: Cycle, amount: Decimal) -> None:
        """Book a funding payment."""
        held.funding += Fraction(amount)
        self.cash[one.pnl_currency] += Fraction(amount)
        self.made[one.pnl_currency] += Fraction(amount)

    def unrealized(self, one: Traded, held: Cycle, price: Decimal) -> Fraction:
        """What is open has gained at a price."""
        gained = self.notional(one, held.quantity, Fraction(price)) - held.cost
        return -gained if (held.side == "LONG") == one.inverse else gained
