"""The level of risk: the worst figure decides, and what is not known is not low."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cryptoscalp import InputError
from cryptoscalp.risk.levels import DEFAULT_THRESHOLDS, LEVELS, checked_thresholds, risk_level
from cryptoscalp.risk.risk_types import RiskThresholds

_FIGURE = st.none() | st.floats(0, 20)


@pytest.mark.parametrize(
    ("figures", "level"),
    [
        ({"var": 0.0, "leverage": 0.0}, "LOW"),
        ({"var": 0.02, "leverage": 1.0}, "MEDIUM"),
        ({"var": 0.0199, "leverage": 5.0}, "HIGH"),
        ({"var": 0.01, "margin": 0.9}, "CRITICAL"),
        ({"var": 0.01, "drawdown": 0.2}, "CRITICAL"),
        ({"var": None, "leverage": 0.1}, "HIGH"),
        ({"var": None, "leverage": 10.0}, "CRITICAL"),
    ],
)
def test_the_worst_figure_decides(figures: dict[str, Any], level: str) -> None:
    found, why = risk_level(Decimal(100), True, figures, DEFAULT_THRESHOLDS)
    assert found == level
    assert why


def test_nothing_held_is_low_and_nothing_left_is_critical() -> None:
    assert risk_level(Decimal(0), False, {"var": None}, DEFAULT_THRESHOLDS)[0] == "LOW"
    assert risk_level(Decimal(0), True, {"var": 0.0}, DEFAULT_THRESHOLDS)[0] == "CRITICAL"
    assert risk_level(Decimal(-5), True, {}, DEFAULT_THRESHOLDS)[0] == "CRITICAL"


@settings(deadline=None)
@given(st.fixed_dictionaries(dict.fromkeys(("var", "leverage", "margin", "drawdown"), _FIGURE)))
def test_a_figure_that_grows_never_lowers_the_level(figures: dict[str, float | None]) -> None:
    before = LEVELS.index(risk_level(Decimal(1), True, figures, DEFAULT_THRESHOLDS)[0])
    for name, figure in figures.items():
        if figure is not None:
            grown = {**figures, name: figure * 2 + 0.01}
            after = LEVELS.index(risk_level(Decimal(1), True, grown, DEFAULT_THRESHOLDS)[0])
            assert after >= before


@pytest.mark.parametrize("wrong", [(1, 1, 2), (3, 2, 1), (0, 1, 2), (1, 2), (1, 2, float("inf"))])
def test_thresholds_rise(wrong: Any) -> None:
    with pytest.raises(InputError, match="thresholds of leverage"):
        checked_thresholds(RiskThresholds(leverage=wrong))
