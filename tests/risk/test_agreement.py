"""Real daily returns: skfolio, quantstats and empyrical say the same, or why they do not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from skfolio import measures as skfolio

from cryptoscalp.risk.measures import tail_risk
from tests.cli.conftest import shared
from tests.risk.agreement import FILE, returns, table

DOCS = Path(__file__).resolve().parents[2] / "docs" / "risk.md"


@pytest.fixture
def real() -> Any:
    return returns(shared(FILE))


@pytest.mark.parametrize("confidence", [0.6, 0.75, 0.9, 0.95, 0.975, 0.99, 0.995, 0.999])
def test_real_returns_agree_with_skfolio(real: Any, confidence: float) -> None:
    found = tail_risk(real, confidence)
    assert len(real) > 1_000
    if found.var is None:
        pytest.fail(f"no VaR: {found.reason}")
    assert abs(found.var - float(skfolio.value_at_risk(real, confidence))) <= 1e-12
    assert found.expected_shortfall is not None
    assert abs(found.expected_shortfall - float(skfolio.cvar(real, confidence))) <= 1e-12


def test_nan_is_left_out_as_skfolio_does(real: Any) -> None:
    holed = real.copy()
    holed[::7] = np.nan
    found = tail_risk(holed, missing="exclude")
    assert found.var == pytest.approx(float(skfolio.value_at_risk(holed)), abs=1e-12)
    assert found.expected_shortfall == pytest.approx(float(skfolio.cvar(holed)), abs=1e-12)


def test_the_table_of_differences_is_what_the_libraries_say() -> None:
    rows = table(shared(FILE))
    text = DOCS.read_text("utf-8")
    for row in rows:
        assert row in text, f"docs/risk.md lacks this row: {row}"
    # Those of the same convention agree.
    for row in rows:
        if "as it is" in row or row.endswith("| sign |"):
            assert "| < 1e-12 |" in row
