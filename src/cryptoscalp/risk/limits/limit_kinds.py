"""The words of limits, breaches, the kill switch and alerts; quick to load."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

RiskLevel: TypeAlias = Literal["LOW", "MEDIUM", "HIGH", "CRITICAL"]
LimitMetric: TypeAlias = Literal[
    "GROSS_EXPOSURE",
    "NET_EXPOSURE",
    "LEVERAGE",
    "DAILY_LOSS",
    "DRAWDOWN",
    "VAR",
    "EXPECTED_SHORTFALL",
    "CONCENTRATION",
    "STALE_DATA",
]
#: HALT also tells: it is an alert and the portfolio's kill switch.
LimitAction: TypeAlias = Literal["ALERT", "HALT"]
#: BREACHED: at or above a threshold; CLEARING: below all, not yet long enough; UNKNOWN: no value.
BreachState: TypeAlias = Literal["BREACHED", "CLEARING", "UNKNOWN", "CLOSED"]
BreachEnd: TypeAlias = Literal["CLEARED", "LIMIT_ENDED", "PORTFOLIO_CLOSED"]
BreachChange: TypeAlias = Literal["OPENED", "RAISED", "CLOSED"]
SwitchChange: TypeAlias = Literal["HALTED", "RESUMED"]
AlertKind: TypeAlias = Literal[
    "BREACH_OPENED", "BREACH_RAISED", "BREACH_CLOSED", "HALTED", "RESUMED"
]
Unit: TypeAlias = Literal["base currency", "ratio", "seconds"]

UNITS: Final[Mapping[LimitMetric, Unit]] = {
    "GROSS_EXPOSURE": "base currency",
    "NET_EXPOSURE": "base currency",
    "LEVERAGE": "ratio",
    "DAILY_LOSS": "base currency",
    "DRAWDOWN": "ratio",
    "VAR": "base currency",
    "EXPECTED_SHORTFALL": "base currency",
    "CONCENTRATION": "ratio",
    "STALE_DATA": "seconds",
}
#: Metrics of a portfolio as a whole; the others may be limited to a strategy, symbol or exchange.
WHOLE: Final[tuple[LimitMetric, ...]] = (
    "LEVERAGE", "DAILY_LOSS", "DRAWDOWN", "VAR", "EXPECTED_SHORTFALL",
)  # fmt: skip
