"""What other libraries say of the same returns: the table in docs/risk.md."""

from __future__ import annotations

import gzip
import warnings
from pathlib import Path
from typing import Any, Final

import numpy as np

from cryptoscalp.risk.measures import tail_risk

FILE: Final = "returns_pyfolio/test_returns.csv.gz"


def returns(path: Path) -> Any:
    """The daily returns of the file, whose days are in its first column."""
    with gzip.open(path, "rt") as lines:
        return np.array([float(line.split(",")[1]) for line in lines if line[0].isdigit()])


def table(path: Path) -> list[str]:
    """The rows of the table, in Markdown: figure, ours, theirs, and how theirs is mapped."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # theirs, of their own imports
        import empyrical
        import pandas as pd
        import quantstats.stats as quantstats
        from skfolio import measures as skfolio
    pnl = returns(path)
    series = pd.Series(pnl, pd.date_range("2004-01-02", periods=len(pnl), freq="D"))
    plain, normal = tail_risk(pnl), tail_risk(pnl, estimator="GAUSSIAN")
    given: dict[str, Any] = {"prepare_returns": False}
    rows = [
        ("HISTORICAL VaR", plain.var, "skfolio `value_at_risk`", skfolio.value_at_risk(pnl),
         "as it is"),
        ("HISTORICAL ES", plain.expected_shortfall, "skfolio `cvar`", skfolio.cvar(pnl),
         "as it is"),
        ("HISTORICAL VaR", plain.var, "empyrical `value_at_risk`", -empyrical.value_at_risk(pnl),
         "sign; it interpolates between two observations"),
        ("HISTORICAL ES", plain.expected_shortfall, "empyrical `conditional_value_at_risk`",
         -empyrical.conditional_value_at_risk(pnl),
         "sign; the tail is floor((n - 1) 0.05) + 1 whole observations"),
        ("HISTORICAL ES", plain.expected_shortfall, "quantstats `cvar`, historical",
         -quantstats.cvar(series, method="historical", **given),
         "sign; the mean of all returns up to an interpolated quantile"),
        ("GAUSSIAN VaR", normal.var, "quantstats `value_at_risk`",
         -quantstats.value_at_risk(series, **given), "sign"),
        ("GAUSSIAN ES", normal.expected_shortfall, "quantstats `cvar`",
         -quantstats.cvar(series, **given), "sign"),
    ]  # fmt: skip
    return [
        f"| {what} | {ours:.8f} | {library} | {theirs:.8f} | {_apart(ours - theirs)} | {how} |"
        for what, ours, library, theirs, how in rows
        if ours is not None
    ]


def _apart(difference: float) -> str:
    return "< 1e-12" if abs(difference) < 1e-12 else f"{abs(difference):.1e}"
