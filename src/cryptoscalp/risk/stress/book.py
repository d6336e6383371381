"""The book that is stressed: cash, positions, prices, rates and best quotes, as exact numbers."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Final

from cryptoscalp.trading.types import PortfolioValue
from cryptoscalp.trading.worth import Held, Priced, Rate, portfolio_value

#: Names in a sentence.
_TOLD: Final = 5


@dataclass(frozen=True, slots=True)
class Top:
    """Best bid and ask with their sizes; sizes in base currency or contracts."""

    bid_price: Decimal
    bid_volume: Decimal
    ask_price: Decimal
    ask_volume: Decimal
    at: datetime


@dataclass(frozen=True, slots=True)
class Book:
    """A portfolio as it was read at one moment.

    `prices`, `quotes` (the quote currency) and `tops` are by position number, `rates` by currency.
    `assets` are all currencies that instruments or the portfolio's cash are known in, `exchanges`
    all that are known, `instruments` all known (symbol, exchange). Positions of `at_fill` were
    never marked: their price is that of the fill.
    """

    portfolio_id: int
    portfolio: str
    at: datetime
    base_currency: str
    balances: Mapping[str, Decimal]
    held: tuple[Held, ...]
    prices: Mapping[int, Priced]
    quotes: Mapping[int, str]
    rates: Mapping[str, Rate]
    tops: Mapping[int, Top] = field(default_factory=dict)
    assets: Collection[str] = frozenset()
    exchanges: Collection[str] = frozenset()
    instruments: Collection[tuple[str, str]] = frozenset()
    at_fill: Collection[int] = frozenset()

    def value(self) -> PortfolioValue:
        """What it is worth as it is: the same as `trading.value`."""
        return valued(self, self.balances, self.held, self.prices, self.rates)


def valued(
    book: Book,
    balances: Mapping[str, Decimal],
    held: Sequence[Held],
    prices: Mapping[int, Priced],
    rates: Mapping[str, Rate],
) -> PortfolioValue:
    """The worth of other cash, positions, prices and rates in the book's base currency."""
    return portfolio_value(
        book.portfolio, book.at, book.base_currency, balances, held, prices, rates
    )


def some(names: Collection[str]) -> str:
    """The first five names by the alphabet, and how many more there are."""
    told = sorted(names)
    more = f" and {len(told) - _TOLD:,} more" if len(told) > _TOLD else ""
    return f"{', '.join(told[:_TOLD])}{more}"


def lent(held: Held) -> bool:
    """Whether it needs margin: a derivative, or spot that was sold short."""
    return held.margined or held.side == "SHORT"
