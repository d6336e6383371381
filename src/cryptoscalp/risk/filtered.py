"""Pure calculation: a sample rescaled to today's volatility (filtered historical simulation)."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from cryptoscalp.risk.measure_types import Doubles, Undefined

#: The decay of RiskMetrics (J.P. Morgan 1996) for daily data; declared with every figure.
DECAY: Final = 0.94
#: Of the sample's own volatility: an observation after a standstill would be blown up without end.
_STILL: Final = 1e-3


def rescaling(pnl: Doubles, decay: float = DECAY) -> Doubles:
    """The factor of each observation, in order of time: today's volatility over that before it.

    Variance is s²(t) = λ s²(t-1) + (1 - λ) x²(t-1), with mean zero, begun with the mean square of
    the sample (Hull and White 1998). Raises Undefined where it stands still, at all or for so long
    that its volatility was below a thousandth.
    """
    squares = pnl * pnl
    seed = float(np.mean(squares))
    if seed == 0:
        raise Undefined("the P&L never changed: there is no volatility to rescale by")
    variance, current = np.empty(len(pnl)), seed
    for n, square in enumerate(squares.tolist()):
        variance[n] = current
        current = decay * current + (1 - decay) * square
    if min(float(variance.min()), current) < seed * _STILL**2:
        raise Undefined("the P&L stood still for so long that its volatility is not known")
    factors: Doubles = np.sqrt(current / variance)
    return factors


def volatility(pnl: Doubles, decay: float = DECAY) -> float:
    """Today's volatility: what the factors rescale to."""
    factors = rescaling(pnl, decay)
    return math.sqrt(float(np.mean(pnl * pnl))) * float(factors[0])
