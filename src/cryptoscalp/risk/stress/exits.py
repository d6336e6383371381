"""What leaving a position costs: half the spread while there is size, more beyond it.

With half spread s, size D at the best price and quantity Q, the last unit is left at a distance
from the mid of s up to D, and beyond of s·sqrt(q/D) (square-root law of market impact: Almgren,
Thum, Hauptmann, Li, Direct Estimation of Equity Market Impact, 2005; Tóth et al. 2011) or s·q/D.
The mean distance of all Q is the integral over Q:

    sqrt     (s·D + 2/3·s·(Q·sqrt(Q/D) - D)) / Q
    linear   (s·D + 1/2·s·(Q²/D - D)) / Q
"""

from __future__ import annotations

from decimal import Decimal, localcontext
from typing import Final

from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.risk.stress.book import Top
from cryptoscalp.risk.stress.scenario_types import Beyond, Spread
from cryptoscalp.trading.exact import EXACT, ZERO, rounded
from cryptoscalp.trading.worth import Held

#: A position is never left further than this share of its price away.
FURTHEST: Final = Decimal("0.99")
_BPS: Final = Decimal(10_000)
_HUNDRED: Final = Decimal(100)


def mean_distance(quantity: Decimal, half: Decimal, size: Decimal, beyond: Beyond) -> Decimal:
    """How far from the mid `quantity` is left on average, in price; not rounded."""
    with localcontext(EXACT):
        if quantity <= size or not quantity:
            return half
        if beyond == "sqrt":
            rest = Decimal(2) / 3 * half * (quantity * (quantity / size).sqrt() - size)
        else:
            rest = half * (quantity * quantity / size - size) / 2
        return (half * size + rest) / quantity


def exit_price(held: Held, price: Decimal, top: Top | None, spread: Spread) -> Decimal:
    """The mean price at which a position is left, rounded once to 18 decimals.

    `top` is the quote in force before the shock; its spread keeps its share of the price. Without
    one the declared `unquoted_bps` counts; InputError where there is none.
    """
    with localcontext(EXACT):
        if top is None:
            if spread.unquoted_bps is None:
                raise InputError(
                    f"no quote of {held.symbol} on {held.exchange} is stored, and the scenario"
                    " says no unquoted_bps: what leaving it costs is not known"
                )
            away = price * spread.unquoted_bps / _BPS * spread.multiple
        else:
            middle = (top.bid_price + top.ask_price) / 2
            half = (top.ask_price - top.bid_price) / 2 / middle * price * spread.multiple
            there = top.bid_volume if held.side == "LONG" else top.ask_volume
            size = there * spread.depth_pct / _HUNDRED
            away = mean_distance(held.quantity, half, size, spread.beyond)
        away = min(away, price * FURTHEST)
        return rounded(price - away if held.side == "LONG" else price + away)


def worse(held: Held, price: Decimal, by_pct: Decimal) -> Decimal:
    """The price moved against the position by a percentage."""
    with localcontext(EXACT):
        part = by_pct / _HUNDRED
        return rounded(price * (1 - part if held.side == "LONG" else 1 + part))


def clipped(held: Held, price: Decimal, left_at: Decimal) -> bool:
    """Whether the exit was held at the furthest distance that is taken to be possible."""
    return price > ZERO and abs(left_at - price) >= rounded(price * FURTHEST)
