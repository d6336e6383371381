"""What the pure measures of risk take and hand out: plain numbers, losses positive."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from cryptoscalp.risk.choices import VarEstimator

Doubles: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TailRisk:
    """Value at risk and expected shortfall of a sample; a loss is above zero.

    `n` observations were used, `excluded` were NaN. `parameters` are what the estimator fitted or
    was given. Where there is no figure, it is None and `reason` says why.
    """

    estimator: VarEstimator
    confidence: float
    n: int
    excluded: int
    var: float | None
    expected_shortfall: float | None
    reason: str | None = None
    parameters: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Components:
    """What each line contributes: `var` sums up to the VaR, `expected_shortfall` to the ES.

    In the order of the lines. None with `reason` where the whole has no figure.
    """

    var: tuple[float, ...] | None
    expected_shortfall: tuple[float, ...] | None
    reason: str | None = None


class Undefined(ArithmeticError):
    """An estimator has no figure for this sample; the message is the reason."""
