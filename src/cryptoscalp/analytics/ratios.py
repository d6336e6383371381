"""What a series of returns of equal-time buckets comes to, and the ratios that follow from it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final, Literal, TypeAlias

Reason: TypeAlias = Literal[
    "NO_CAPITAL", "PRICES_LACKING", "TOO_FEW_RETURNS", "ZERO_VOLATILITY", "NO_DOWNSIDE",
    "NO_DRAWDOWN", "NOT_FINITE", "NO_TRADES", "NO_WIN", "NO_LOSS", "NO_QUOTES",
]  # fmt: skip
#: A standard deviation below it is what rounding leaves of none.
ZERO_VOLATILITY: Final = 1e-14
#: What is not more is no capital, in units of the base currency.
LEAST_CAPITAL: Final = 1e-9
#: The Sharpe ratio's interval needs four moments.
LEAST_FOR_INTERVAL: Final = 4
CONFIDENCE: Final = 0.95
_Z: Final = NormalDist().inv_cdf(0.5 + CONFIDENCE / 2)
_MOST_RHO: Final = 0.99


@dataclass(frozen=True, slots=True)
class Statistics:
    """Sums over `returns` returns: mean, and sums of powers of the differences from it.

    `downside` is the sum of squares of returns below zero (or the target), `cross` the sum of
    products of neighbouring differences from the mean. `wealth` is the product of all 1 + r,
    those over gaps too, `drawdown` its greatest fall as a fraction of the peak, `buckets` the
    length of time in buckets.
    """

    returns: int
    mean: float
    m2: float
    m3: float
    m4: float
    downside: float
    cross: float
    wealth: float
    drawdown: float
    buckets: int
    lacking: bool = False


@dataclass(frozen=True, slots=True)
class Ratios:
    """Measures of a series of returns; None where `reasons` says why, by the field's name.

    Ratios and volatility are annualized; total_return and max_drawdown (0 or more) are fractions.
    """

    total_return: float | None
    volatility: float | None
    sharpe_ratio: float | None
    sharpe_low: float | None
    sharpe_high: float | None
    sortino_ratio: float | None
    calmar_ratio: float | None
    max_drawdown: float | None
    reasons: dict[str, Reason]


def ratios(of: Statistics, per_year: float, risk_free: float = 0.0) -> Ratios:
    """The measures that statistics come to.

    `per_year` is the number of buckets a year, `risk_free` the return of a bucket without risk,
    which `of.downside` must have been reckoned with. Sharpe: mean excess / standard deviation
    (ddof 1) x sqrt(per_year); its interval by Mertens (2002), whose variance is that of Lo (2002)
    with skewness and kurtosis, inflated by (1 + rho) / (1 - rho) where the returns' first
    autocorrelation rho is above zero, as that of an AR(1) process. Sortino: mean excess / root of
    downside / returns. Calmar: wealth ^ (per_year / buckets) - 1, over the greatest drawdown.
    """
    reasons: dict[str, Reason] = {}

    def without(reason: Reason, *names: str) -> None:
        for name in names:
            reasons.setdefault(name, reason)

    scale = math.sqrt(per_year)
    total = drawdown = calmar = deviation = sharpe = low = high = sortino = None
    if not of.returns and of.wealth == 1.0:
        why: Reason = "PRICES_LACKING" if of.lacking else "NO_CAPITAL"
        without(why, "total_return", "max_drawdown", "calmar_ratio")
    else:
        total, drawdown = of.wealth - 1.0, of.drawdown
        calmar = _calmar(of, per_year)
        if not drawdown:
            without("NO_DRAWDOWN", "calmar_ratio")
        elif calmar is None:
            without("NOT_FINITE", "calmar_ratio")
    excess = of.mean - risk_free
    if of.returns < 2:
        without(
            reasons.get("total_return", "TOO_FEW_RETURNS"),
            "volatility", "sharpe_ratio", "sharpe_low", "sharpe_high", "sortino_ratio",
        )  # fmt: skip
    else:
        deviation = math.sqrt(of.m2 / (of.returns - 1))
        if deviation < ZERO_VOLATILITY:
            deviation = 0.0
            without("ZERO_VOLATILITY", "sharpe_ratio", "sharpe_low", "sharpe_high")
        else:
            sharpe = excess / deviation * scale
            if of.returns < LEAST_FOR_INTERVAL:
                without("TOO_FEW_RETURNS", "sharpe_low", "sharpe_high")
            else:
                half = _Z * _standard_error(of, excess / deviation) * scale
                low, high = sharpe - half, sharpe + half
        below = math.sqrt(of.downside / of.returns)
        if below < ZERO_VOLATILITY:
            without("NO_DOWNSIDE", "sortino_ratio")
        else:
            sortino = excess / below * scale
    values = {
        "total_return": total,
        "volatility": deviation if deviation is None else deviation * scale,
        "sharpe_ratio": sharpe,
        "sharpe_low": low,
        "sharpe_high": high,
        "sortino_ratio": sortino,
        "calmar_ratio": calmar,
        "max_drawdown": drawdown,
    }
    for name, value in values.items():
        if value is not None and not math.isfinite(value):
            values[name] = None
            without("NOT_FINITE", name)
    return Ratios(**values, reasons=reasons)


def _calmar(of: Statistics, per_year: float) -> float | None:
    if not of.drawdown:
        return None
    if of.wealth <= 0:
        return -1.0 / of.drawdown
    try:
        found = math.expm1(math.log(of.wealth) * per_year / of.buckets) / of.drawdown
    except OverflowError:
        return None
    return found if math.isfinite(found) else None


def _standard_error(of: Statistics, sharpe: float) -> float:
    """Of a Sharpe ratio that is not annualized."""
    skew = math.sqrt(of.returns) * of.m3 / of.m2**1.5
    kurtosis = of.returns * of.m4 / of.m2**2
    variance = 1 + sharpe**2 / 2 - skew * sharpe + (kurtosis - 3) / 4 * sharpe**2
    rho = min(max(of.cross / of.m2, 0.0), _MOST_RHO)
    return math.sqrt(max(variance, 0.0) * (1 + rho) / (1 - rho) / of.returns)
