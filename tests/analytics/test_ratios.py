"""The measures: known values, other libraries on a real series, and what has none."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptoscalp import InputError
from cryptoscalp.analytics.measures import measured, measured_trades, returns_of
from tests.analytics.agreement import RETURNS, real_returns, table

DOCS = Path(__file__).resolve().parents[2] / "docs" / "performance.md"
DAYS = 252.0
HOURS = 8_760.0


@pytest.fixture(scope="module")
def real() -> np.ndarray:
    """Daily returns of pyfolio's tests."""
    if not RETURNS.exists():
        pytest.skip("the shared data are not here")
    return real_returns()


@pytest.fixture(scope="module")
def quantstats() -> Iterator[Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield pytest.importorskip("quantstats").stats


def series(values: np.ndarray) -> Any:
    pd: Any = pytest.importorskip("pandas")
    return pd.Series(values, index=pd.date_range("2004-01-02", periods=len(values), freq="D"))


def test_the_real_series_agrees_with_empyrical(real: np.ndarray) -> None:
    empyrical = pytest.importorskip("empyrical")
    ours = measured(real, DAYS)
    for mine, theirs in (
        (ours.total_return, empyrical.cum_returns_final(real)),
        (ours.sharpe_ratio, empyrical.sharpe_ratio(real)),
        (ours.sortino_ratio, empyrical.sortino_ratio(real)),
        (ours.volatility, empyrical.annual_volatility(real)),
        # Theirs is below zero.
        (ours.max_drawdown, -empyrical.max_drawdown(real)),
        (ours.calmar_ratio, empyrical.calmar_ratio(real)),
    ):
        assert mine == pytest.approx(theirs, rel=1e-10)


def test_the_real_series_agrees_with_quantstats(real: np.ndarray, quantstats: Any) -> None:
    ours, theirs = measured(real, DAYS), series(real)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = {
            "total_return": quantstats.comp(theirs),
            "sharpe_ratio": quantstats.sharpe(theirs, periods=252),
            "sortino_ratio": quantstats.sortino(theirs, periods=252),
            "volatility": quantstats.volatility(theirs, periods=252),
            "max_drawdown": -quantstats.max_drawdown(theirs),
            "calmar_ratio": quantstats.calmar(theirs, periods=252),
        }
    for name, value in found.items():
        assert getattr(ours, name) == pytest.approx(value, rel=1e-10), name


@pytest.mark.usefixtures("real", "quantstats")
def test_the_table_of_the_docs_is_what_comes_out() -> None:
    pytest.importorskip("empyrical")
    assert table() in DOCS.read_text(encoding="utf-8")


def test_where_libraries_differ(quantstats: Any) -> None:
    empyrical = pytest.importorskip("empyrical")
    rising, flat = np.array([0.01, 0.02]), np.array([0.01] * 5)
    # Theirs are infinite where there is nothing to divide by; ours are None, with a reason.
    assert math.isinf(empyrical.sortino_ratio(rising))
    assert math.isinf(empyrical.sharpe_ratio(flat))
    assert math.isinf(quantstats.profit_factor(series(rising)))
    assert measured(rising, DAYS).reasons["sortino_ratio"] == "NO_DOWNSIDE"
    assert measured(flat, DAYS).reasons["sharpe_ratio"] == "ZERO_VOLATILITY"
    # A win rate of days leaves days of zero out; ours of trades counts them.
    mixed = [0.01, 0.0, -0.01, 0.02]
    assert quantstats.win_rate(series(np.array(mixed))) == pytest.approx(2 / 3)
    assert measured_trades([Decimal(str(one)) for one in mixed]).win_rate == 0.5


def test_an_annual_risk_free_rate_is_taken_by_bucket(real: np.ndarray) -> None:
    empyrical = pytest.importorskip("empyrical")
    daily = 0.03 / 252
    ours = measured(real, DAYS, daily)
    assert ours.sharpe_ratio == pytest.approx(
        empyrical.sharpe_ratio(real, risk_free=daily), rel=1e-10
    )
    assert ours.sortino_ratio == pytest.approx(
        empyrical.sortino_ratio(real, required_return=daily), rel=1e-10
    )


def test_a_market_that_never_closes_has_365_days(real: np.ndarray) -> None:
    by_252, by_365 = measured(real, 252.0), measured(real, 365.0)
    assert by_252.sharpe_ratio is not None
    assert by_365.sharpe_ratio is not None
    assert by_252.sharpe_ratio / by_365.sharpe_ratio == pytest.approx(math.sqrt(252 / 365))


def test_a_first_loss_is_a_drawdown() -> None:
    assert measured(np.array([-0.5, 0.5]), HOURS).max_drawdown == 0.5


def test_the_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    """For returns that are not normal, and for ones that follow each other."""
    rng = np.random.default_rng(20240808)
    mean, rounds, n = 0.05, 400, 500
    for rho in (0.0, 0.3):
        noise = rng.standard_t(5, (n + 100, rounds)) / math.sqrt(5 / 3)
        walk = noise.copy()
        for k in range(1, n + 100):
            walk[k] = rho * walk[k - 1] + math.sqrt(1 - rho**2) * noise[k]
        held = 0
        for returns in ((mean + walk[100:]) * 0.01).T:
            found = measured(returns, 1.0)
            assert found.sharpe_low is not None
            assert found.sharpe_high is not None
            held += found.sharpe_low <= mean <= found.sharpe_high
        assert 0.92 <= held / rounds <= 0.99


@pytest.mark.parametrize(
    ("returns", "reasons"),
    [
        ([], {"total_return": "NO_CAPITAL", "sharpe_ratio": "NO_CAPITAL"}),
        ([float("nan")] * 3, {"total_return": "PRICES_LACKING", "sharpe_ratio": "PRICES_LACKING"}),
        ([0.01], {"sharpe_ratio": "TOO_FEW_RETURNS", "calmar_ratio": "NO_DRAWDOWN"}),
        ([0.0] * 5, {"sharpe_ratio": "ZERO_VOLATILITY", "sortino_ratio": "NO_DOWNSIDE",
                     "calmar_ratio": "NO_DRAWDOWN"}),
        ([0.01] * 5, {"sharpe_ratio": "ZERO_VOLATILITY", "sortino_ratio": "NO_DOWNSIDE"}),
        ([0.01, 0.02, 0.03], {"sortino_ratio": "NO_DOWNSIDE", "sharpe_low": "TOO_FEW_RETURNS"}),
    ],
)  # fmt: skip
def test_what_has_no_value_has_a_reason(returns: list[float], reasons: dict[str, str]) -> None:
    found = measured(np.array(returns), HOURS)
    for name, reason in reasons.items():
        assert getattr(found, name) is None
        assert found.reasons[name] == reason
    for name in found.reasons:
        assert getattr(found, name) is None


def test_gaps_are_left_out_and_counted_as_time() -> None:
    with_gap = measured(np.array([0.01, math.nan, -0.005, 0.02]), HOURS)
    without = measured(np.array([0.01, -0.005, 0.02]), HOURS)
    assert with_gap.sharpe_ratio == without.sharpe_ratio
    assert with_gap.total_return == without.total_return
    assert with_gap.calmar_ratio is not None
    assert without.calmar_ratio is not None
    assert with_gap.calmar_ratio < without.calmar_ratio


def test_an_infinite_return_is_refused() -> None:
    with pytest.raises(InputError, match="must be finite"):
        measured(np.array([0.1, math.inf]), HOURS)


def test_more_than_a_number_can_hold_has_a_reason() -> None:
    found = measured(np.array([0.5, -0.01]), 525_600.0)
    assert [found.calmar_ratio, found.reasons["calmar_ratio"]] == [None, "NOT_FINITE"]


@given(
    st.lists(st.floats(-0.9, 2.0, allow_nan=False), min_size=2, max_size=60),
    st.sampled_from((1.0, 252.0, HOURS, 525_600.0)),
)
def test_every_measure_is_finite_or_has_a_reason(returns: list[float], per_year: float) -> None:
    found = measured(np.array(returns), per_year)
    for name in found.__slots__:
        if name != "reasons":
            value = getattr(found, name)
            assert (value is None) == (name in found.reasons), name
            assert value is None or math.isfinite(value)
    if found.sharpe_low is not None:
        assert found.sharpe_high is not None
        assert found.sharpe_ratio is not None
        assert found.sharpe_low <= found.sharpe_ratio <= found.sharpe_high


def test_deposits_count_from_the_start_of_their_bucket_and_withdrawals_until_its_end() -> None:
    equity = np.array([0.0, 1_000.0, 2_020.0, 1_010.0, 0.0, 0.0])
    deposits = np.array([0.0, 1_000.0, 1_000.0, 0.0, 0.0, 0.0])
    withdrawals = np.array([0.0, 0.0, 0.0, 1_000.0, 1_010.0, 0.0])
    found = returns_of(equity, deposits, withdrawals)
    # Nothing was gained yet of the capital that came first.
    assert np.isnan(found[0])
    assert found[1:4] == pytest.approx([0.01, -10 / 2_020, 0.0])
    assert math.isnan(found[4])


def test_trades_that_are_zero_count_and_are_no_wins() -> None:
    found = measured_trades([Decimal("3"), Decimal(0), Decimal("-1"), Decimal("2")])
    assert [found.total_trades, found.wins, found.losses, found.win_rate] == [4, 2, 1, 0.5]
    assert [found.profit_factor, found.avg_win, found.avg_loss] == [5, Decimal("2.5"), 1]


@pytest.mark.parametrize(
    ("profits", "reasons"),
    [
        ([], dict.fromkeys(("win_rate", "profit_factor", "avg_win", "avg_loss"), "NO_TRADES")),
        (["1"], {"profit_factor": "NO_LOSS", "avg_loss": "NO_LOSS"}),
        (["1", "2"], {"profit_factor": "NO_LOSS", "avg_loss": "NO_LOSS"}),
        (["-1"], {"avg_win": "NO_WIN"}),
        (["0"], {"avg_win": "NO_WIN", "profit_factor": "NO_LOSS", "avg_loss": "NO_LOSS"}),
    ],
)
def test_trades_without_a_win_or_a_loss_say_so(profits: list[str], reasons: dict[str, str]) -> None:
    found = measured_trades([Decimal(one) for one in profits])
    assert found.reasons == reasons
    assert all(getattr(found, name) is None for name in reasons)
