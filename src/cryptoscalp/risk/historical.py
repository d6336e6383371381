"""Pure calculation: VaR and expected shortfall of the sample itself."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from cryptoscalp.risk.measure_types import Doubles

_EPS: Final = float(np.finfo(np.float64).eps)


def quantile_rank(n: int, confidence: float) -> int:
    """Place of the VaR among n losses from the greatest, 0 the first: floor((1 - c) n).

    The tolerance takes up the rounding of 1 - c, so that a whole tail of k losses gives k.
    """
    return min(n - 1, math.floor((1 - confidence) * n + 4 * _EPS * n))


def historical_var(pnl: Doubles, confidence: float) -> float:
    """The smallest loss that is exceeded with a probability of at most 1 - confidence.

    The lower quantile of the empirical losses, as Rockafellar and Uryasev (2002) and
    `skfolio.measures.value_at_risk` have it; no interpolation between observations.
    """
    rank = quantile_rank(len(pnl), confidence)
    return -float(np.partition(pnl, rank)[rank])


def historical_shortfall(pnl: Doubles, confidence: float) -> float:
    """The mean of the worst (1 - confidence) of the probability mass.

    The observation at its border counts by the fraction of it that lies in the tail (Rockafellar
    and Uryasev 2002; `skfolio.measures.cvar`).
    """
    mass = (1 - confidence) * len(pnl)
    whole = max(0, math.ceil(mass) - 1)
    worst = np.partition(pnl, whole)
    inner = float(np.sum(worst[:whole]))
    return -inner / mass + float(worst[whole]) * (whole / mass - 1)


def tail_weights(pnl: Doubles, confidence: float) -> Doubles:
    """The weight of each observation in the expected shortfall; they sum up to 1."""
    mass = (1 - confidence) * len(pnl)
    whole = max(0, math.ceil(mass) - 1)
    order = np.argsort(pnl, kind="stable")
    weights = np.zeros(len(pnl))
    weights[order[:whole]] = 1 / mass
    weights[order[whole]] = 1 - whole / mass
    return weights


def quantile_weights(pnl: Doubles, confidence: float) -> Doubles:
    """Weights of the observations around the VaR, summing up to 1, heaviest at it.

    A triangular kernel over the ranks within sqrt(n (1 - c) c), the standard deviation of the rank
    of the quantile, at least the observation itself (Epperlein and Smillie 2006).
    """
    n = len(pnl)
    rank = quantile_rank(n, confidence)
    width = math.sqrt(n * (1 - confidence) * confidence)
    # As far on both sides: at the border of the sample the kernel is cut alike.
    reach = min(math.ceil(width), rank, n - 1 - rank)
    ranks = np.arange(rank - reach, rank + reach + 1)
    kernel = np.maximum(1 - np.abs(ranks - rank) / (width + 1), 0)
    weights = np.zeros(n)
    weights[np.argsort(pnl, kind="stable")[ranks]] = kernel / kernel.sum()
    return weights
