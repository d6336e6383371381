"""The words that risk knows; light, so that the command line can name them at once."""

from __future__ import annotations

from typing import Literal, TypeAlias

VarEstimator: TypeAlias = Literal[
    "HISTORICAL", "GAUSSIAN", "STUDENT_T", "CORNISH_FISHER", "EWMA_HISTORICAL"
]
RiskScope: TypeAlias = Literal["PORTFOLIO", "STRATEGY", "SYMBOL", "EXCHANGE"]
RiskLevel: TypeAlias = Literal["LOW", "MEDIUM", "HIGH", "CRITICAL"]
#: What becomes of a held instrument without candles: an error, or named, and left out of the VaR.
Lacking: TypeAlias = Literal["refuse", "flag"]
#: What becomes of NaN in a sample: an error, or left out and counted.
Missing: TypeAlias = Literal["refuse", "exclude"]
