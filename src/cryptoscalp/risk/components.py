"""Pure calculation: what each line of a portfolio contributes to VaR and expected shortfall."""

from __future__ import annotations

import math

import numpy as np

from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.risk import filtered, historical, parametric
from cryptoscalp.risk.measure_types import Components, Doubles, TailRisk, Undefined

_Parts = tuple[Doubles, Doubles]


def components(lines: Doubles, whole: TailRisk) -> Components:
    """The parts of `whole` by line (Euler): they sum up to its VaR and its ES.

    `lines` are P&L, a row each period and a column each line, without NaN; `whole` is `tail_risk`
    of their row sums. A line's part is how the whole grows with its size: above zero it adds risk,
    below it hedges.

    - GAUSSIAN, STUDENT_T: -mean + cov(line, whole) / var(whole) × (VaR + mean of the whole), exact
      for elliptical distributions (McNeil, Frey, Embrechts 2005, 6.3).
    - CORNISH_FISHER: the derivative by the moments and co-moments (Boudt, Peterson, Croux 2008).
    - HISTORICAL, EWMA_HISTORICAL: ES by the observations of the tail, exact; VaR by those around
      the quantile, scaled to sum up.
    """
    if lines.ndim != 2 or not np.isfinite(lines).all():
        raise InputError("lines are an array of two dimensions without NaN: period, line")
    if whole.var is None or whole.expected_shortfall is None:
        return Components(None, None, whole.reason)
    try:
        var, shortfall = _parts(lines, whole, whole.var, whole.expected_shortfall)
    except Undefined as error:
        return Components(None, None, str(error))
    # No negative zeros.
    return Components(tuple((var + 0.0).tolist()), tuple((shortfall + 0.0).tolist()))


def _parts(lines: Doubles, whole: TailRisk, var: float, shortfall: float) -> _Parts:
    match whole.estimator:
        case "HISTORICAL":
            return _of_sample(lines, whole.confidence, var)
        case "EWMA_HISTORICAL":
            factors = filtered.rescaling(lines.sum(axis=1))
            return _of_sample(lines * factors[:, None], whole.confidence, var)
        case "GAUSSIAN" | "STUDENT_T":
            return _elliptical(lines, var, shortfall)
        case "CORNISH_FISHER":
            return _bent(lines, whole)


def _of_sample(lines: Doubles, confidence: float, var: float) -> _Parts:
    total = lines.sum(axis=1)
    shortfall = -(historical.tail_weights(total, confidence) @ lines)
    near = -(historical.quantile_weights(total, confidence) @ lines)
    smoothed = float(near.sum())
    if smoothed * var > 0 and 0.5 < smoothed / var < 2:
        return near * (var / smoothed), shortfall
    # The neighbours say something else than the quantile: it alone counts.
    rank = historical.quantile_rank(len(total), confidence)
    at = int(np.argsort(total, kind="stable")[rank])
    return -lines[at], shortfall


def _elliptical(lines: Doubles, var: float, shortfall: float) -> _Parts:
    total = lines.sum(axis=1)
    mean, means = float(total.mean()), lines.mean(axis=0)
    away = total - mean
    square = float(away @ away)
    if parametric.moments(total).deviation == 0:
        return -means, -means
    beta = away @ (lines - means) / square
    return beta * (var + mean) - means, beta * (shortfall + mean) - means


def _bent(lines: Doubles, whole: TailRisk) -> _Parts:
    from scipy.special import ndtri

    means = lines.mean(axis=0)
    away = lines - means
    total = away.sum(axis=1)
    n = len(total)
    deviation = math.sqrt(float(total @ total) / n)
    scaled = total / deviation
    # How deviation, skewness and kurtosis grow with each line: co-moments over the deviation.
    second, third, fourth = (scaled**power @ away / n / deviation for power in (1, 2, 3))
    skew, kurtosis = whole.parameters["skewness"], whole.parameters["kurtosis"]
    by_skew = 3 * third - 3 * skew * second
    by_kurtosis = 4 * fourth - 4 * (kurtosis + 3) * second
    z = float(ndtri(1 - whole.confidence))
    bent, tail = parametric.bent_quantile(skew, kurtosis, whole.confidence)
    density = math.exp(-z * z / 2) / math.sqrt(2 * math.pi) / (1 - whole.confidence)
    spread = deviation * math.sqrt(n / (n - 1))
    bent_by = (
        by_skew * ((z**2 - 1) / 6 - (2 * z**3 - 5 * z) * skew / 18)
        + by_kurtosis * (z**3 - 3 * z) / 24
    )
    tail_by = density * (
        by_skew * (z / 6 - (2 * z**2 - 1) * skew / 18) + by_kurtosis * (z**2 - 1) / 24
    )
    var = -means - spread * (second * bent + bent_by)
    shortfall = -means + spread * (second * tail + tail_by)
    return var, shortfall
