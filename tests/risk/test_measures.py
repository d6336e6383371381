"""VaR and expected shortfall of samples, against other ways to the same numbers."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats
from skfolio import measures as skfolio

from cryptoscalp import InputError
from cryptoscalp.risk import filtered, historical, parametric
from cryptoscalp.risk.measures import ESTIMATORS, tail_risk

_CONFIDENCES: Final = st.sampled_from([0.9, 0.95, 0.975, 0.99]) | st.floats(0.51, 0.999)
_SAMPLES: Final = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=400)


def heavy(seed: int = 1, count: int = 720, freedom: float = 4) -> Any:
    """A sample with heavy tails."""
    return np.random.default_rng(seed).standard_t(freedom, count) * 100


@settings(deadline=None)
@given(_SAMPLES, _CONFIDENCES)
def test_the_sample_itself_agrees_with_skfolio(sample: list[float], confidence: float) -> None:
    pnl = np.array(sample)
    scale = 1e-12 * max(1.0, float(np.abs(pnl).max()))
    ours = historical.historical_var(pnl, confidence)
    assert abs(ours - float(skfolio.value_at_risk(pnl, confidence))) <= scale
    shortfall = historical.historical_shortfall(pnl, confidence)
    assert abs(shortfall - float(skfolio.cvar(pnl, confidence))) <= scale
    assert shortfall >= ours - scale
    assert -pnl.max() - scale <= ours <= shortfall + scale <= -pnl.min() + 2 * scale


@settings(deadline=None)
@given(_SAMPLES, _CONFIDENCES)
def test_the_weights_of_the_tail_give_its_shortfall(sample: list[float], confidence: float) -> None:
    pnl = np.array(sample)
    weights = historical.tail_weights(pnl, confidence)
    assert math.isclose(weights.sum(), 1, rel_tol=1e-9)
    found = historical.historical_shortfall(pnl, confidence)
    assert abs(-(weights @ pnl) - found) <= 1e-9 * max(1.0, np.abs(pnl).max())
    around = historical.quantile_weights(pnl, confidence)
    assert math.isclose(around.sum(), 1, rel_tol=1e-9)
    at = np.argsort(pnl, kind="stable")[historical.quantile_rank(len(pnl), confidence)]
    assert around[at] == around.max() > 0


def test_a_hundred_losses_have_the_sixth_greatest_as_var() -> None:
    """As skfolio's documentation says it."""
    found = tail_risk(-np.arange(1.0, 101), 0.95)
    assert (found.var, found.n) == (95, 100)
    assert found.expected_shortfall == pytest.approx(98, rel=1e-14)


@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
def test_the_normal_distribution_is_integrated(confidence: float) -> None:
    pnl = heavy(2)
    found = tail_risk(pnl, confidence, "GAUSSIAN")
    law = stats.norm(pnl.mean(), pnl.std(ddof=1))
    assert found.var == pytest.approx(-law.ppf(1 - confidence), rel=1e-12)
    mean, _ = integrate.quad(lambda p: law.ppf(p), 0, 1 - confidence, epsabs=1e-10)
    assert found.expected_shortfall == pytest.approx(-mean / (1 - confidence), rel=1e-7)


@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
def test_student_t_is_the_likeliest_and_its_shortfall_is_integrated(confidence: float) -> None:
    pnl = heavy(3)
    found = tail_risk(pnl, confidence, "STUDENT_T")
    ours = [found.parameters[name] for name in ("degrees_of_freedom", "location", "scale")]
    theirs = stats.t.fit(pnl)
    assert stats.t.logpdf(pnl, *ours).sum() >= stats.t.logpdf(pnl, *theirs).sum() - 1e-6
    assert ours == pytest.approx(theirs, rel=1e-2, abs=0.1)
    law = stats.t(*ours)
    assert found.var == pytest.approx(-law.ppf(1 - confidence), rel=1e-9)
    mean, _ = integrate.quad(lambda x: x * law.pdf(x), -np.inf, law.ppf(1 - confidence))
    assert found.expected_shortfall == pytest.approx(-mean / (1 - confidence), rel=1e-6)


@settings(max_examples=25, deadline=None)
@given(st.floats(0.001, 1e6), st.floats(-100, 100), st.integers(0, 50))
def test_student_t_follows_scale_and_place(scale: float, place: float, seed: int) -> None:
    pnl = heavy(seed, 120)
    one = tail_risk(pnl, 0.95, "STUDENT_T")
    moved = tail_risk(pnl * scale + place * scale, 0.95, "STUDENT_T")
    assert one.var is not None
    assert moved.var == pytest.approx((one.var - place) * scale, rel=1e-3, abs=1e-3 * scale)


def test_student_t_of_normal_numbers_is_the_normal_distribution() -> None:
    pnl = np.random.default_rng(5).normal(0, 1, 5_000)
    found = tail_risk(pnl, 0.99, "STUDENT_T")
    assert found.var == pytest.approx(tail_risk(pnl, 0.99, "GAUSSIAN").var, rel=0.03)


@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
@pytest.mark.parametrize(("skew", "kurtosis"), [(0.0, 0.0), (-0.5, 1.5), (0.3, 2.0), (-0.8, 3.0)])
def test_cornish_fisher_is_integrated(confidence: float, skew: float, kurtosis: float) -> None:
    def bent(p: float) -> float:
        z = stats.norm.ppf(p)
        return float(
            z + (z**2 - 1) / 6 * skew + (z**3 - 3 * z) / 24 * kurtosis
            - (2 * z**3 - 5 * z) / 36 * skew**2
        )  # fmt: skip

    quantile, tail = parametric.bent_quantile(skew, kurtosis, confidence)
    assert quantile == pytest.approx(bent(1 - confidence), rel=1e-12)
    mean, _ = integrate.quad(bent, 0, 1 - confidence, epsabs=1e-12, limit=200)
    assert tail == pytest.approx(-mean / (1 - confidence), rel=1e-6)


@settings(deadline=None)
@given(st.floats(-4, 4), st.floats(-2, 12))
def test_cornish_fisher_holds_where_the_expansion_rises(skew: float, kurtosis: float) -> None:
    z = np.linspace(-5, 5, 20_001)
    bent = (
        z + (z**2 - 1) / 6 * skew + (z**3 - 3 * z) / 24 * kurtosis
        - (2 * z**3 - 5 * z) / 36 * skew**2
    )  # fmt: skip
    steps = np.diff(bent)
    if parametric.is_monotone(skew, kurtosis):
        assert (steps >= -1e-9).all()
    else:
        # A slope that is below zero by less than the grid can show is neither.
        assert steps.min() < 1e-7


def test_cornish_fisher_agrees_with_the_normal_where_nothing_bends() -> None:
    assert parametric.bent_quantile(0, 0, 0.95)[0] == pytest.approx(-1.6448536269514722)


def test_cornish_fisher_refuses_what_is_no_quantile() -> None:
    found = tail_risk(heavy(4, freedom=2), 0.95, "CORNISH_FISHER")
    assert (found.var, found.expected_shortfall) == (None, None)
    assert found.reason is not None
    assert "outside of the domain" in found.reason


def test_filtered_history_is_rescaled_step_by_step() -> None:
    pnl = heavy(6) * np.linspace(0.5, 2, 720)
    variance = float(np.mean(pnl**2))
    before = []
    for one in pnl:
        before.append(variance)
        variance = 0.94 * variance + 0.06 * one * one
    today = math.sqrt(variance)
    rescaled = np.array(
        [one / math.sqrt(was) * today for one, was in zip(pnl, before, strict=True)]
    )
    found = tail_risk(pnl, 0.95, "EWMA_HISTORICAL")
    assert found.var == pytest.approx(float(skfolio.value_at_risk(rescaled, 0.95)))
    assert found.expected_shortfall == pytest.approx(float(skfolio.cvar(rescaled, 0.95)))
    assert found.parameters == {
        "decay": 0.94, "volatility": pytest.approx(today),
    }  # fmt: skip


def test_filtered_history_answers_to_a_storm() -> None:
    calm, storm = heavy(7, 600), heavy(8, 60) * 5
    after = tail_risk(np.concatenate([calm, storm]), 0.95, "EWMA_HISTORICAL")
    before = tail_risk(np.concatenate([storm, calm]), 0.95, "EWMA_HISTORICAL")
    assert after.var is not None
    assert before.var is not None
    assert after.var > 3 * before.var
    plain = tail_risk(np.concatenate([calm, storm]), 0.95)
    assert plain.var == tail_risk(np.concatenate([storm, calm]), 0.95).var


@pytest.mark.parametrize("confidence", [0.05, 0.5, 1, 0, 95, 99.0, -0.95, math.nan, math.inf, True])
def test_an_ambiguous_confidence_is_refused(confidence: float) -> None:
    with pytest.raises(InputError, match="confidence"):
        tail_risk(heavy(), confidence)


def test_what_was_meant_is_told() -> None:
    with pytest.raises(InputError, match=r"such as 0\.95; 0\.95 was meant\?"):
        tail_risk(heavy(), 0.05)
    with pytest.raises(InputError, match=r"0\.99 was meant"):
        tail_risk(heavy(), 99)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_nan_is_refused_or_left_out_and_counted(estimator: Any) -> None:
    pnl = heavy(9, 200, 9)
    holed = np.insert(pnl, [0, 50, 200], np.nan)
    with pytest.raises(InputError, match="3 of 203 values of the sample are NaN"):
        tail_risk(holed, 0.95, estimator)
    whole = tail_risk(pnl, 0.95, estimator)
    found = tail_risk(holed, 0.95, estimator, missing="exclude")
    assert (found.n, found.excluded, whole.excluded) == (200, 3, 0)
    assert found.var is not None
    assert (found.var, found.expected_shortfall) == (whole.var, whole.expected_shortfall)
    with pytest.raises(InputError, match="infinite"):
        tail_risk([*pnl, math.inf], 0.95, estimator, missing="exclude")


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_too_few_have_no_figure_but_a_reason(estimator: Any) -> None:
    for sample in ([], [1.0], [math.nan], list(heavy(1, 19))):
        found = tail_risk(sample, 0.95, estimator, missing="exclude")
        assert (found.var, found.expected_shortfall) == (None, None)
        assert found.reason is not None
        assert "too few" in found.reason
    assert tail_risk(heavy(1, 20, 9), 0.95, estimator).n == 20


def test_a_rare_tail_takes_more_observations() -> None:
    assert tail_risk(heavy(1, 99), 0.99).var is None
    assert tail_risk(heavy(1, 100), 0.99).var == pytest.approx(-np.sort(heavy(1, 100))[1])


@pytest.mark.parametrize("level", [0.0, -2.5, 1e9])
def test_a_constant_loses_itself_or_has_no_distribution(level: float) -> None:
    sample = [level] * 50
    for estimator in ("HISTORICAL", "GAUSSIAN"):
        found = tail_risk(sample, 0.95, estimator)
        assert found.var == pytest.approx(-level, rel=1e-12)
        assert found.expected_shortfall == pytest.approx(-level, rel=1e-12)
    for estimator in ("STUDENT_T", "CORNISH_FISHER"):
        found = tail_risk(sample, 0.95, estimator)  # type: ignore[arg-type]
        assert found.var is None
        assert found.reason is not None
        assert "never changed" in found.reason


def test_a_market_that_stood_still_has_no_volatility_to_rescale_by() -> None:
    assert tail_risk([0.0] * 50, 0.95, "EWMA_HISTORICAL").reason is not None
    after = tail_risk([5.0, -5.0, *[0.0] * 500], 0.95, "EWMA_HISTORICAL")
    assert after.var is None
    assert after.reason is not None
    assert "stood still" in after.reason
    with pytest.raises(ArithmeticError):
        filtered.volatility(np.zeros(3))


def test_mostly_one_number_is_no_student_t() -> None:
    found = tail_risk([0.0] * 95 + [1.0, -1.0, 2.0, -2.0, 3.0], 0.95, "STUDENT_T")
    assert found.var is None
    assert found.reason is not None
    assert "one number" in found.reason


def test_all_wins_are_a_negative_loss() -> None:
    found = tail_risk(np.arange(1.0, 101), 0.95)
    assert found.var == -6
    assert found.expected_shortfall == pytest.approx(-3, rel=1e-12)


@pytest.mark.parametrize("sample", [[[1.0]], "text", [1, "x"]])
def test_what_is_no_sample_is_refused(sample: Any) -> None:
    with pytest.raises(InputError):
        tail_risk(sample)
    with pytest.raises(InputError, match="no estimator 'MAGIC'"):
        tail_risk([1.0], estimator="MAGIC")  # type: ignore[arg-type]
