"""Pure calculation: value at risk and expected shortfall of a sample of P&L, by five estimators."""

from __future__ import annotations

from typing import Final, get_args

import numpy.typing as npt

from cryptoscalp.market.names import one_of
from cryptoscalp.risk import filtered, historical, parametric
from cryptoscalp.risk.choices import Missing, VarEstimator
from cryptoscalp.risk.measure_types import Doubles, TailRisk, Undefined
from cryptoscalp.risk.sample import checked_confidence, checked_sample, least_observations

ESTIMATORS: Final[tuple[VarEstimator, ...]] = get_args(VarEstimator)

_Figures = tuple[float, float, dict[str, float]]


def tail_risk(
    pnl: npt.ArrayLike,
    confidence: float = 0.95,
    estimator: VarEstimator = "HISTORICAL",
    *,
    missing: Missing = "refuse",
) -> TailRisk:
    """What a sample of P&L (gains above zero, in order of time) says may be lost in one period.

    In the unit of the sample: an amount, or a return. Losses are above zero; a VaR below zero is a
    gain even in the bad case. Where the sample is too short for the estimator or has no such
    distribution, the figures are None and `reason` says why: never NaN, never zero. Raises
    InputError for a confidence outside of (0.5, 1), for infinite values, and for NaN unless
    `missing` is "exclude".
    """
    share = checked_confidence(confidence)
    one_of(estimator, ESTIMATORS, "estimator")
    values, excluded = checked_sample(pnl, missing)
    n, least = len(values), least_observations(estimator, share)
    if n < least:
        reason = f"{n:,} observations are too few: {estimator} at {share:g} takes {least:,}"
        return TailRisk(estimator, share, n, excluded, None, None, reason)
    try:
        var, shortfall, parameters = _figures(values, share, estimator)
    except Undefined as error:
        return TailRisk(estimator, share, n, excluded, None, None, str(error))
    return TailRisk(estimator, share, n, excluded, var, shortfall, None, parameters)


def _figures(pnl: Doubles, confidence: float, estimator: VarEstimator) -> _Figures:
    match estimator:
        case "HISTORICAL":
            return _of_sample(pnl, confidence, {})
        case "GAUSSIAN":
            return parametric.gaussian(pnl, confidence)
        case "STUDENT_T":
            return parametric.student_t(pnl, confidence)
        case "CORNISH_FISHER":
            return parametric.cornish_fisher(pnl, confidence)
        case "EWMA_HISTORICAL":
            factors = filtered.rescaling(pnl)
            today = filtered.volatility(pnl)
            return _of_sample(
                pnl * factors, confidence, {"decay": filtered.DECAY, "volatility": today}
            )


def _of_sample(pnl: Doubles, confidence: float, parameters: dict[str, float]) -> _Figures:
    return (
        historical.historical_var(pnl, confidence),
        historical.historical_shortfall(pnl, confidence),
        parameters,
    )
