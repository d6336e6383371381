"""Pure rules: which samples and confidences are ones; NaN is refused or counted."""

from __future__ import annotations

import math
from typing import get_args

import numpy as np
import numpy.typing as npt

from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.market.names import one_of
from cryptoscalp.risk.choices import Missing, VarEstimator
from cryptoscalp.risk.measure_types import Doubles

#: Fewest observations of an estimator that fits moments or parameters.
_LEAST_FITTED = 20


def checked_confidence(value: object) -> float:
    """A confidence in (0.5, 1); InputError otherwise, as 0.05 and 95 have several readings."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not isinstance(value, (int, float)) or not number or not math.isfinite(value):
        raise InputError(f"confidence {value!r} is no number; write 0.95 for 95 %")
    found = float(value)
    if not 0.5 < found < 1:
        meant = 1 - found if 0 < found < 0.5 else found / 100 if 50 < found < 100 else None
        told = f"; {meant:g} was meant?" if meant else ""
        raise InputError(
            f"confidence {value} is not between 0.5 and 1: it is that of not losing more, such as"
            f" 0.95{told}"
        )
    return found


def checked_sample(pnl: npt.ArrayLike, missing: Missing = "refuse") -> tuple[Doubles, int]:
    """A sample as float64 without NaN, and how many were left out.

    Raises InputError for what has other than one dimension, is infinite, or has NaN where
    `missing` is "refuse".
    """
    one_of(missing, get_args(Missing), "way with missing values")
    try:
        values = np.asarray(pnl, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"a sample of P&L is an array of numbers: {error}") from error
    if values.ndim != 1:
        raise InputError(f"a sample of P&L has one dimension, this has {values.ndim}")
    if np.isinf(values).any():
        raise InputError(f"{np.isinf(values).sum():,} values of the sample are infinite")
    absent = np.isnan(values)
    count = int(absent.sum())
    if count and missing == "refuse":
        raise InputError(
            f"{count:,} of {len(values):,} values of the sample are NaN; leave them out"
            ' (missing="exclude" counts them)'
        )
    return (values[~absent] if count else values), count


def least_observations(estimator: VarEstimator, confidence: float) -> int:
    """Fewest observations that an estimator takes: one in the tail, or enough to fit."""
    one_in_tail = math.ceil(1 / (1 - confidence) - 1e-9)
    match estimator:
        case "HISTORICAL" | "EWMA_HISTORICAL":
            return one_in_tail
        case "GAUSSIAN" | "STUDENT_T" | "CORNISH_FISHER":
            return _LEAST_FITTED
