"""The move nearest to zero at which an exact function changes its sign."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Final, Literal

#: Moves that are tried, as fractions: every per cent down to -99.9 %, and up to +1,000 %.
_DOWN: Final = (*(Decimal(-n) / 100 for n in range(1, 100)), Decimal("-0.999"))
_UP: Final = (
    *(Decimal(n) / 100 for n in range(1, 101)),
    *(Decimal(n) / 10 for n in range(11, 101)),
)
_FINE: Final = Decimal("1e-15")


def first_root(
    exact: Callable[[Decimal], Decimal],
    side: Literal["down", "up"] | str,
    *,
    furthest: Decimal | None = None,
) -> Decimal | None:
    """The first move on a side of zero where the function is zero; None where it has none.

    The function is tried at every per cent (every ten above +100), so that two roots nearer to
    each other than that are not seen. Between two signs Brent's method (scipy) finds the root in
    float64, and a last step of the secant takes it to some 15 digits of the exact function.
    """
    tried = _DOWN if side == "down" else _UP
    before, value = Decimal(0), exact(Decimal(0))
    if not value:
        return before
    for move in tried:
        if furthest is not None and abs(move) > abs(furthest):
            return None
        then = exact(move)
        if not then:
            return move
        if (then > 0) != (value > 0):
            return _between(exact, before, move)
        before, value = move, then
    return None


def _between(exact: Callable[[Decimal], Decimal], low: Decimal, high: Decimal) -> Decimal:
    from scipy.optimize import brentq

    found = brentq(
        lambda move: float(exact(Decimal(move))), float(low), float(high), xtol=1e-15, rtol=1e-14
    )
    near = Decimal(found)
    step = max(abs(near) * _FINE, _FINE)
    first, second = exact(near), exact(near + step)
    if first and second != first:
        better = near - first * step / (second - first)
        if min(low, high) <= better <= max(low, high) and abs(exact(better)) <= abs(first):
            near = better
    return near
