"""Pure calculation: VaR and expected shortfall of fitted distributions."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from cryptoscalp.risk.measure_types import Doubles, Undefined

#: Of the deviation: below this the numbers differ by rounding alone.
_STILL: Final = 1e-12
#: Bounds of the fitted degrees of freedom; the expected shortfall is infinite at 1.
_FEWEST_FREEDOM, _MOST_FREEDOM = 1.5, 1_000.0
#: Deviations up to which the Cornish-Fisher expansion has to rise: beyond is one in 3.5 million.
_REACH: Final = 5.0
#: A fitted scale below this fraction of the deviation: most observations are one number.
_COLLAPSED: Final = 1e-3


@dataclass(frozen=True, slots=True)
class Moments:
    """Mean, standard deviation (ddof = 1), skewness and excess kurtosis of a sample.

    Skewness and kurtosis are the plain moments m3 / m2^1.5 and m4 / m2² - 3 (ddof = 0).
    """

    mean: float
    deviation: float
    skewness: float
    kurtosis: float


def moments(pnl: Doubles) -> Moments:
    """The moments of two numbers and more; skewness and kurtosis are 0 where all are equal."""
    mean = float(np.mean(pnl))
    away = pnl - mean
    deviation = math.sqrt(float(away @ away) / (len(pnl) - 1))
    if deviation <= _STILL * max(abs(mean), float(np.max(np.abs(pnl)))):
        return Moments(mean, 0.0, 0.0, 0.0)
    scaled = away / math.sqrt(float(np.mean(away**2)))
    return Moments(mean, deviation, float(np.mean(scaled**3)), float(np.mean(scaled**4)) - 3)


def _moving(found: Moments) -> Moments:
    if found.deviation == 0:
        raise Undefined("the P&L never changed: a distribution cannot be fitted")
    return found


def gaussian(pnl: Doubles, confidence: float) -> tuple[float, float, dict[str, float]]:
    """VaR and ES of the normal distribution with the sample's mean and deviation.

    VaR = -mean + deviation z, ES = -mean + deviation φ(z) / (1 - c), z the c-quantile (McNeil,
    Frey, Embrechts 2005, examples 2.14 and 2.18). A sample that stands still loses its mean.
    """
    from scipy.special import ndtri

    found = moments(pnl)
    z = float(ndtri(confidence))
    tail = _density(z) / (1 - confidence)
    parameters = {"mean": found.mean, "deviation": found.deviation}
    return found.deviation * z - found.mean, found.deviation * tail - found.mean, parameters


def _density(z: float) -> float:
    return math.exp(-z * z / 2) / math.sqrt(2 * math.pi)


def fit_student_t(pnl: Doubles) -> tuple[float, float, float]:
    """Degrees of freedom, location and scale of greatest likelihood, 1.5 to 1,000 degrees.

    By L-BFGS-B from the sample's mean, deviation and five degrees of freedom: no random start.
    Raises Undefined for a sample that stands still, or most of which is one number.
    """
    from scipy.optimize import minimize
    from scipy.special import digamma, gammaln

    found = _moving(moments(pnl))
    scaled = (pnl - found.mean) / found.deviation
    n = len(scaled)

    def negative(given: Doubles) -> tuple[float, Doubles]:
        location, log_scale, log_freedom = given
        scale, freedom = math.exp(log_scale), math.exp(log_freedom)
        away = (scaled - location) / scale
        squared = away * away
        grown = np.log1p(squared / freedom)
        half = (freedom + 1) / 2
        constant = gammaln(half) - gammaln(freedom / 2) - math.log(freedom * math.pi) / 2
        total = n * (constant - log_scale) - half * float(grown.sum())
        pull = (freedom + 1) / (freedom + squared)
        by_freedom = (
            n * (digamma(half) - digamma(freedom / 2) - 1 / freedom) / 2
            - float(grown.sum()) / 2
            + float((pull * squared).sum()) / (2 * freedom)
        )
        slope = np.array(
            [
                float((pull * away).sum()) / scale,
                float((pull * squared).sum()) - n,
                by_freedom * freedom,
            ]
        )
        return -total / n, -slope / n

    best = minimize(
        negative,
        np.array([0.0, math.log(math.sqrt(3 / 5)), math.log(5.0)]),
        jac=True,
        method="L-BFGS-B",
        bounds=[
            (-10, 10),
            (math.log(_COLLAPSED), math.log(10)),
            (math.log(_FEWEST_FREEDOM), math.log(_MOST_FREEDOM)),
        ],
        options={"ftol": 1e-14, "gtol": 1e-9, "maxiter": 1_000},
    )
    location, scale, freedom = float(best.x[0]), math.exp(best.x[1]), math.exp(best.x[2])
    if scale <= _COLLAPSED * 1.01:
        raise Undefined("most of the P&L is one number: Student's t cannot be fitted")
    return freedom, found.mean + location * found.deviation, scale * found.deviation


def student_t(pnl: Doubles, confidence: float) -> tuple[float, float, dict[str, float]]:
    """VaR and ES of the Student-t distribution of greatest likelihood.

    ES = -location + scale f(q) (ν + q²) / ((1 - c) (ν - 1)), q the (1 - c)-quantile of t with ν
    degrees of freedom and f its density (McNeil, Frey, Embrechts 2005, example 2.19).
    """
    from scipy.special import gammaln, stdtrit

    freedom, location, scale = fit_student_t(pnl)
    tail = 1 - confidence
    q = float(stdtrit(freedom, tail))
    log_density = (
        float(gammaln((freedom + 1) / 2) - gammaln(freedom / 2))
        - math.log(freedom * math.pi) / 2
        - (freedom + 1) / 2 * math.log1p(q * q / freedom)
    )
    shortfall = math.exp(log_density) / tail * (freedom + q * q) / (freedom - 1)
    parameters = {"degrees_of_freedom": freedom, "location": location, "scale": scale}
    return -location - scale * q, -location + scale * shortfall, parameters


def cornish_fisher(pnl: Doubles, confidence: float) -> tuple[float, float, dict[str, float]]:
    """VaR and ES of the normal quantile bent by the sample's skewness S and excess kurtosis K.

    z' = z + (z² - 1) S/6 + (z³ - 3z) K/24 - (2z³ - 5z) S²/36 (Favre and Galeano 2002); its mean
    over the tail is the ES (Maillard 2018). Raises Undefined where z' does not rise with z within
    five deviations, as it is no quantile there.
    """
    from scipy.special import ndtri

    found = _moving(moments(pnl))
    skew, kurtosis = found.skewness, found.kurtosis
    if not is_monotone(skew, kurtosis, max(_REACH, float(ndtri(confidence)))):
        raise Undefined(
            f"skewness {skew:.3g} and excess kurtosis {kurtosis:.3g} are outside of the domain in"
            " which the Cornish-Fisher expansion is a quantile"
        )
    bent, tail = bent_quantile(skew, kurtosis, confidence)
    parameters = {
        "mean": found.mean, "deviation": found.deviation, "skewness": skew, "kurtosis": kurtosis,
    }  # fmt: skip
    return -found.mean - found.deviation * bent, -found.mean + found.deviation * tail, parameters


def bent_quantile(skew: float, kurtosis: float, confidence: float) -> tuple[float, float]:
    """The bent (1 - c)-quantile, and the mean loss below it, in deviations."""
    from scipy.special import ndtri

    z = float(ndtri(1 - confidence))
    bent = (
        z
        + (z**2 - 1) * skew / 6
        + (z**3 - 3 * z) * kurtosis / 24
        - (2 * z**3 - 5 * z) * skew**2 / 36
    )
    grown = 1 + z * skew / 6 + (z**2 - 1) * kurtosis / 24 - (2 * z**2 - 1) * skew**2 / 36
    return bent, _density(z) / (1 - confidence) * grown


def is_monotone(skew: float, kurtosis: float, reach: float = _REACH) -> bool:
    """Whether the expansion rises from -reach to reach: its slope, a parabola in z, is above zero.

    Slope: (K/8 - S²/6) z² + (S/3) z + 1 - K/8 + 5 S²/36 (Maillard 2018 asks for it everywhere).
    """
    square, linear = kurtosis / 8 - skew**2 / 6, skew / 3
    constant = 1 - kurtosis / 8 + 5 * skew**2 / 36
    lowest = square * reach**2 - abs(linear) * reach + constant
    if square > 0 and abs(linear) < 2 * square * reach:
        lowest = constant - linear**2 / (4 * square)
    return lowest >= 0
