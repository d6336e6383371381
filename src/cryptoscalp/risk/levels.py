"""Pure rule: how serious a portfolio's risk is, by declared thresholds."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields
from decimal import Decimal
from typing import Final, get_args

from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.risk.choices import RiskLevel
from cryptoscalp.risk.risk_types import RiskThresholds

LEVELS: Final[tuple[RiskLevel, ...]] = get_args(RiskLevel)
DEFAULT_THRESHOLDS: Final = RiskThresholds()


def checked_thresholds(given: RiskThresholds) -> RiskThresholds:
    """Thresholds that rise from level to level; InputError otherwise."""
    for one in fields(given):
        levels = getattr(given, one.name)
        rising = len(levels) == 3 and all(math.isfinite(level) for level in levels)
        if not rising or not 0 < levels[0] < levels[1] < levels[2]:
            raise InputError(
                f"thresholds of {one.name} {levels!r} must be three rising numbers above zero:"
                " from which on it is MEDIUM, HIGH, CRITICAL"
            )
    return given


def risk_level(
    equity: Decimal, exposed: bool, figures: Mapping[str, float | None], given: RiskThresholds
) -> tuple[RiskLevel, str]:
    """The level, and which figure decides it.

    `figures` are var (95 %, over equity), leverage, margin (over equity) and drawdown; those that
    are None do not count, but for the VaR: what is `exposed` to an unknown risk is HIGH at least.
    Whoever has lost all equity and is still exposed is CRITICAL.
    """
    if equity <= 0 and exposed:
        return "CRITICAL", "positions are open and equity is not above zero"
    level, decided = 0, "every figure is below the first threshold"
    if exposed and figures.get("var") is None:
        level, decided = 2, "positions are open and the VaR is not known"
    for name, figure in figures.items():
        reached = 0 if figure is None else sum(figure >= one for one in getattr(given, name))
        if reached > level:
            level, decided = reached, f"{name} {figure:.4g} is {LEVELS[reached]}"
    return LEVELS[level], decided
