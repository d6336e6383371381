"""What codes are called in a report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

#: Windows of performance.
PERIODS: Final[Mapping[str, str]] = {
    "1h": "hour", "1d": "day", "1w": "week", "1M": "month", "all": "all time",
}  # fmt: skip
#: Why a measure of performance has no value.
MISSING: Final[Mapping[str, str]] = {
    "NO_CAPITAL": "no capital",
    "PRICES_LACKING": "prices are lacking",
    "TOO_FEW_RETURNS": "too few returns",
    "ZERO_VOLATILITY": "all returns are the same",
    "NO_DOWNSIDE": "no return is below zero",
    "NO_DRAWDOWN": "no drawdown",
    "NOT_FINITE": "too large to be told",
    "NO_TRADES": "no position was closed",
    "NO_WIN": "no trade won",
    "NO_LOSS": "no trade lost",
    "NO_QUOTES": "no quote stands beside the fills",
}
ESTIMATORS: Final[Mapping[str, str]] = {
    "HISTORICAL": "historical",
    "GAUSSIAN": "Gaussian",
    "STUDENT_T": "Student's t",
    "CORNISH_FISHER": "Cornish-Fisher",
    "EWMA_HISTORICAL": "historical, scaled by volatility (EWMA)",
}
#: Figures of risk and stress tests that reasons are of; others are told by their own words.
_FIGURES: Final[Mapping[str, str]] = {
    "var_95": "value at risk at 95 %",
    "loss_percentage": "loss of equity",
    "recovery_time_minutes": "minutes to recover",
    "max_drawdown": "drawdown",
}


def figure(name: str) -> str:
    """A figure's name as words."""
    return _FIGURES.get(name, name.replace("_", " "))
