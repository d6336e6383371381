"""What a set of shocks does to each price and each currency of a book.

Every currency and asset has a worth, which a shock multiplies. The price of an instrument follows:
worth of its base over worth of its quote currency. A shock of one instrument, or of an exchange,
moves that price and no worth. Values are told in the base currency at its worth before, so that a
de-peg of the base currency itself is the loss that it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from typing import Final

from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.risk.stress.book import Book
from cryptoscalp.risk.stress.scenario_types import PriceShock, Scenario
from cryptoscalp.trading.exact import EXACT, ZERO, rounded
from cryptoscalp.trading.worth import Held, Priced, Rate

#: Currencies that a shock of all assets leaves alone: state money, and what is pegged to it.
MONEY: Final = frozenset({
    "AUD", "BRL", "CHF", "EUR", "GBP", "JPY", "KRW", "TRY", "USD",
    "BUSD", "DAI", "EURC", "FDUSD", "GUSD", "PYUSD", "TUSD", "USD1", "USDC", "USDD", "USDE", "USDP",
    "USDS", "USDT", "UST",
})  # fmt: skip
_HUNDRED: Final = Decimal(100)
_ONE: Final = Decimal(1)


@dataclass(frozen=True, slots=True)
class Moves:
    """Moves as fractions, -0.2 for a fall by a fifth.

    `prices` by position number are those of instruments that were named themselves, `worths`
    those of currencies and assets.
    """

    prices: Mapping[int, Decimal] = field(default_factory=dict)
    worths: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Point:
    """A moment on the path: factors of prices by position number, and of rates by currency."""

    minute: Decimal
    prices: Mapping[int, Decimal]
    rates: Mapping[str, Decimal]


def moves_of(scenario: Scenario, book: Book) -> Moves:
    """The moves of a scenario's `prices` and `currencies`, when all of them have happened.

    The most specific shock counts: a symbol on an exchange, a symbol, an exchange; for worths a
    currency, a base, all. Raises InputError for names that nobody knows.
    """
    _refuse_unknown(scenario, book)
    prices = {}
    for held in book.held:
        shock = _most_specific(scenario.prices, held)
        if shock is not None:
            prices[held.position_id] = shock.move_pct / _HUNDRED
    return Moves(prices, _worths(scenario, book))


def uniform(book: Book, move: Decimal, betas: Mapping[str, Decimal] | None = None) -> Moves:
    """Every asset that is no money moves by `move` times its beta (1 unless given)."""
    given = betas or {}
    return Moves({}, {code: move * given.get(code, _ONE) for code in assets_of(book)})


def assets_of(book: Book) -> list[str]:
    """The currencies of a book that are no money: those of its cash and of its instruments."""
    held = {one.base for one in book.held} | set(book.quotes.values())
    return sorted((held | set(book.rates)) - MONEY)


def _most_specific(shocks: Iterable[PriceShock], held: Held) -> PriceShock | None:
    fitting = [
        (one.symbol is not None, one.exchange is not None, one)
        for one in shocks
        if (one.symbol or one.exchange)
        and one.symbol in (None, held.symbol)
        and one.exchange in (None, held.exchange)
    ]
    return max(fitting, key=lambda found: found[:2])[2] if fitting else None


def _worths(scenario: Scenario, book: Book) -> dict[str, Decimal]:
    named = {one.base: one.move_pct for one in scenario.prices if one.base}
    everything = [
        one.move_pct for one in scenario.prices if not (one.symbol or one.exchange or one.base)
    ]
    found = {code: move for move in everything for code in assets_of(book)}
    found |= {code: move for code, move in named.items() if code is not None}
    found |= scenario.currencies
    return {code: move / _HUNDRED for code, move in found.items()}


def _refuse_unknown(scenario: Scenario, book: Book) -> None:
    symbols = {symbol for symbol, _ in book.instruments}
    unknown = []
    for one in scenario.prices:
        if one.symbol and one.exchange:
            if (one.symbol, one.exchange) not in book.instruments:
                unknown.append(f"symbol {one.symbol} on {one.exchange}")
        elif one.symbol and one.symbol not in symbols:
            unknown.append(f"symbol {one.symbol}")
        elif one.exchange and one.exchange not in book.exchanges:
            unknown.append(f"exchange {one.exchange}")
        elif one.base and one.base not in book.assets:
            unknown.append(f"base {one.base}")
    unknown += [
        f"currency {code}"
        for code in scenario.currencies
        if code not in book.assets and code not in MONEY
    ]
    halted = scenario.halt.exchange if scenario.halt else None
    if halted and halted not in book.exchanges:
        unknown.append(f"exchange {halted}")
    if unknown:
        raise InputError(
            f"scenario {scenario.name!r} names what is not known here: {', '.join(unknown)};"
            " `cryptoscalp instruments list` shows what is"
        )


def point(book: Book, moves: Moves, share: Decimal, minute: Decimal) -> Point:
    """The factors when `share` of each move has happened."""
    with localcontext(EXACT):
        worths = {code: _ONE + share * move for code, move in moves.worths.items()}
        prices = {}
        for held in book.held:
            quote = worths.get(book.quotes[held.position_id], _ONE)
            own = moves.prices.get(held.position_id)
            base = worths.get(held.base, _ONE) if own is None else _ONE + share * own
            prices[held.position_id] = base / quote
        return Point(minute, prices, {code: worths.get(code, _ONE) for code in book.rates})


def priced_at(book: Book, at: Point) -> dict[int, Priced]:
    """The book's prices at a point of the path."""
    with localcontext(EXACT):
        return {
            key: Priced(rounded(priced.price * at.prices[key]), priced.at)
            for key, priced in book.prices.items()
        }


def rated_at(book: Book, at: Point) -> dict[str, Rate]:
    """The book's rates at a point of the path, in the base currency's worth before."""
    with localcontext(EXACT):
        return {
            code: Rate(rounded(one.rate * at.rates.get(code, _ONE)), one.path)
            for code, one in book.rates.items()
        }


def share_at(path: Iterable[tuple[int, Decimal]], minute: Decimal) -> Decimal:
    """The share of the moves at a minute: straight between (minute, share) from (0, 0) on."""
    before: tuple[int, Decimal] = (0, ZERO)
    for one in path:
        if minute <= one[0]:
            with localcontext(EXACT):
                part = (minute - before[0]) / (one[0] - before[0])
                return before[1] + part * (one[1] - before[1])
        before = one
    return before[1]
