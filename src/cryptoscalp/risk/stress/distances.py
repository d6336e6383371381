"""How far prices may move before a venue closes: the root of equity minus maintenance margin."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal, localcontext
from functools import partial
from typing import Final

from cryptoscalp.risk.stress.book import Book, lent, valued
from cryptoscalp.risk.stress.ladder import begun, maintenance
from cryptoscalp.risk.stress.moves import Moves, point, priced_at, rated_at, uniform
from cryptoscalp.risk.stress.result_types import Distance
from cryptoscalp.risk.stress.roots import first_root
from cryptoscalp.trading.exact import EXACT, ZERO
from cryptoscalp.trading.types import PortfolioValue

#: Maintenance margin where neither scenario nor caller says one, per cent of notional.
MAINTENANCE_PCT: Final = Decimal("0.5")
_ONE: Final = Decimal(1)


def liquidation_distances(book: Book, pct: Decimal = MAINTENANCE_PCT) -> list[Distance]:
    """The moves at which equity equals maintenance margin, `pct` per cent of what needs margin.

    First the uniform move of all assets, then that of each instrument's price alone.
    """
    if not any(lent(one) for one in book.held):
        return [Distance("portfolio", None, None, "no derivative or spot short is open")]
    found = [_distance("portfolio", partial(_spare, book, pct, partial(uniform, book)))]
    as_it_is = _spare(book, pct, partial(uniform, book), ZERO)
    for symbol, exchange in sorted({(one.symbol, one.exchange) for one in book.held}):
        own = _only(book, symbol, exchange)
        alone = partial(_spare, own, pct, partial(_all_of, own))
        # Everything else stays: what the instrument gains or needs more is added to the whole.
        rest = as_it_is - alone(ZERO)
        found.append(_distance(f"{symbol} on {exchange}", partial(_with, alone, rest)))
    return found


def moved(book: Book, moves: Moves) -> PortfolioValue:
    """The book's value when the moves have happened at once."""
    at = point(book, moves, _ONE, ZERO)
    return valued(book, book.balances, book.held, priced_at(book, at), rated_at(book, at))


def loss_of(book: Book, betas: Mapping[str, Decimal] | None) -> Callable[[Decimal], Decimal]:
    """The loss as a function of a uniform move, each asset by its beta."""
    before = book.value().equity
    return lambda move: before - moved(book, uniform(book, move, betas)).equity


def _spare(book: Book, pct: Decimal, moves: Callable[[Decimal], Moves], move: Decimal) -> Decimal:
    value = moved(book, moves(move))
    with localcontext(EXACT):
        return value.equity - maintenance(value, begun(book), pct)


def _with(alone: Callable[[Decimal], Decimal], rest: Decimal, move: Decimal) -> Decimal:
    with localcontext(EXACT):
        return rest + alone(move)


def _all_of(book: Book, move: Decimal) -> Moves:
    return Moves({one.position_id: move for one in book.held})


def _only(book: Book, symbol: str, exchange: str) -> Book:
    """The positions in one instrument, and no cash but what spot positions are made of."""
    held = tuple(one for one in book.held if (one.symbol, one.exchange) == (symbol, exchange))
    balances: dict[str, Decimal] = {}
    for one in held:
        if not one.margined:
            signed = one.quantity if one.side == "LONG" else -one.quantity
            balances[one.base] = balances.get(one.base, ZERO) + signed
    keys = {one.position_id for one in held}
    prices = {key: priced for key, priced in book.prices.items() if key in keys}
    return replace(book, held=held, balances=balances, prices=prices)


def _distance(name: str, spare: Callable[[Decimal], Decimal]) -> Distance:
    if spare(ZERO) <= 0:
        return Distance(name, 0.0, 0.0, "equity is not above maintenance margin as it is")
    down, up = first_root(spare, "down"), first_root(spare, "up")
    return Distance(name, _pct(down), _pct(up))


def _pct(move: Decimal | None) -> float | None:
    return None if move is None else float(move * 100)
