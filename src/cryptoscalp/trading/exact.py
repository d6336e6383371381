"""Decimal arithmetic of the books: every digit is kept, and rounded once where a rule says so."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext
from typing import Final

#: Products of two amounts have up to 76 digits; sums some more. Python's default keeps 28.
EXACT: Final = Context(prec=120, rounding=ROUND_HALF_EVEN)
ZERO: Final = Decimal(0)
_UNIT: Final = Decimal("1e-18")


def rounded(amount: Decimal) -> Decimal:
    """Half-even to 18 decimals (S17)."""
    return amount.quantize(_UNIT, context=EXACT)


def trimmed(amount: Decimal) -> Decimal:
    """The same number without zeros behind its last decimal, and without an exponent."""
    short = amount.normalize(EXACT)
    return short if short == 0 or short % 1 else short.quantize(Decimal(1), context=EXACT)


def share(amount: Decimal, part: Decimal, whole: Decimal) -> Decimal:
    """amount x part / whole, rounded once."""
    with localcontext(EXACT):
        return rounded(amount * part / whole)
