"""Flow: reverse stress, the move that loses a given amount."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal, localcontext
from functools import partial
from typing import Final

from cryptoscalp.infra.db.errors import InputError, NotFound
from cryptoscalp.infra.db.flow import Flow, call
from cryptoscalp.market.names import spellings
from cryptoscalp.risk.stress.book import Book
from cryptoscalp.risk.stress.distances import loss_of, moved
from cryptoscalp.risk.stress.moves import Moves, assets_of
from cryptoscalp.risk.stress.result_types import ReverseStress
from cryptoscalp.risk.stress.roots import first_root
from cryptoscalp.risk.stress.taking import take_book
from cryptoscalp.trading.amounts import above_zero
from cryptoscalp.trading.exact import EXACT, rounded, trimmed
from cryptoscalp.trading.types import PriceKind, Rates

_HUNDRED: Final = Decimal(100)
_NEARLY_ALL: Final = Decimal("0.999")


def reverse_stress(
    portfolio: str,
    loss: Decimal | None = None,
    *,
    percentage: Decimal | None = None,
    symbol: str | None = None,
    exchange: str | None = None,
    betas: Mapping[str, Decimal] | None = None,
    rates: Rates | None = None,
    by: PriceKind | None = None,
) -> Flow[list[ReverseStress]]:
    """The nearest moves, down and up, that lose an amount in base currency, or per cent of equity.

    All assets that are no money move together, each by its beta (1 unless in `betas`); with
    `symbol` only the price of that instrument does. Everything happens at once: no forced closes,
    no costs. Positions are at their last marks, with `by` at the prices of that kind known now.
    Raises NotFound, MissingRate, InputError.
    """
    if (loss is None) == (percentage is None):
        raise InputError("say either loss or percentage")
    book = yield from take_book(portfolio, rates, by)
    asked = partial(
        reversed_stress, book, loss, percentage=percentage, symbol=symbol, exchange=exchange,
        betas=betas,
    )  # fmt: skip
    return (yield from call(asked))


def reversed_stress(
    book: Book,
    loss: Decimal | None = None,
    *,
    percentage: Decimal | None = None,
    symbol: str | None = None,
    exchange: str | None = None,
    betas: Mapping[str, Decimal] | None = None,
) -> list[ReverseStress]:
    """As `reverse_stress`, of a book that was read."""
    if percentage is not None:
        share = above_zero(percentage, "percentage")
        equity = book.value().equity
        if equity <= 0:
            raise InputError("equity is not above zero: there is no percentage of it; say loss")
        with localcontext(EXACT):
            target = trimmed(rounded(equity * share / _HUNDRED))
    else:
        assert loss is not None
        target = above_zero(loss, "loss")
    lost, furthest = _lost(book, symbol, exchange, betas)
    found = []
    for side in ("down", "up"):
        move = first_root(lambda one: lost(one) - target, side, furthest=furthest)
        if move is None:
            reach = "-99.9 %" if side == "down" else "+1,000 %"
            found.append(
                ReverseStress(side, target, None, None, f"no move {side} to {reach} loses as much")
            )
        else:
            found.append(ReverseStress(side, target, float(move * 100), trimmed(lost(move))))
    return found


def _lost(
    book: Book, symbol: str | None, exchange: str | None, betas: Mapping[str, Decimal] | None
) -> tuple[Callable[[Decimal], Decimal], Decimal | None]:
    """The loss by a move, and the furthest move that leaves every price above zero."""
    if symbol is not None:
        if betas:
            raise InputError("say either symbol or betas")
        names = spellings(symbol)
        own = [
            one.position_id
            for one in book.held
            if one.symbol in names and one.exchange == (exchange or one.exchange)
        ]
        if not own:
            where = f" on {exchange}" if exchange else ""
            raise NotFound(f"portfolio {book.portfolio!r} holds nothing of {symbol}{where}")
        before = book.value().equity
        return lambda move: before - moved(book, Moves(dict.fromkeys(own, move))).equity, None
    if exchange is not None:
        raise InputError("exchange belongs to a symbol; say which")
    unknown = sorted(set(betas or {}) - set(assets_of(book)))
    if unknown:
        raise InputError(
            f"betas of {', '.join(unknown)}: portfolio {book.portfolio!r} has nothing in them"
        )
    if any(not beta.is_finite() for beta in (betas or {}).values()):
        raise InputError("betas are numbers")
    steepest = max((abs(one) for one in (betas or {}).values()), default=Decimal(1))
    furthest = _NEARLY_ALL / steepest if steepest > 1 else None
    return loss_of(book, betas), furthest
