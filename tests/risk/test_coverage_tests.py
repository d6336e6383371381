"""Kupiec and Christoffersen against published tables, worked examples and plain likelihoods."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from cryptoscalp import InputError
from cryptoscalp.risk.coverage_tests import coverage_test

#: Kupiec (1995), table of regions in which N exceptions of T do not reject at 5 %, both excluded.
_KUPIEC: Final = {
    (0.99, 510): (1, 11), (0.99, 1000): (4, 17),
    (0.975, 255): (2, 12), (0.975, 510): (6, 21), (0.975, 1000): (15, 36),
    (0.95, 255): (6, 21), (0.95, 510): (16, 36), (0.95, 1000): (37, 65),
    (0.925, 255): (11, 28), (0.925, 510): (27, 51), (0.925, 1000): (59, 92),
    (0.9, 255): (16, 36), (0.9, 510): (38, 65), (0.9, 1000): (81, 120),
}  # fmt: skip


def hits(exceptions: int, observations: int) -> list[bool]:
    return [True] * exceptions + [False] * (observations - exceptions)


@pytest.mark.parametrize(("confidence", "observations"), list(_KUPIEC))
def test_kupiecs_regions(confidence: float, observations: int) -> None:
    low, high = _KUPIEC[confidence, observations]
    kept = [
        count
        for count in range(observations // 3)
        if (coverage_test(hits(count, observations), confidence).kupiec_p or 0) > 0.05
    ]
    assert kept == list(range(low + 1, high))


def test_the_worked_example_of_jp_morgan_1998() -> None:
    """Jorion, Value at Risk (3rd edition), chapter 6: 20 of 252 days, 6 after another one."""
    assert coverage_test(hits(20, 252), 0.95).kupiec == pytest.approx(3.91, abs=0.005)
    # 218 calm pairs, 14 to an exception, 14 back, 6 in a row: one run of seven and thirteen alone.
    series = [True] * 7 + [False] * 16
    for _ in range(13):
        series += [True] + [False] * 15
    series += [False] * (218 + 14 - series.count(False) - 0)
    found = coverage_test([False, *series], 0.95)
    assert found.transitions == (218, 14, 14, 6)
    assert found.independence == pytest.approx(9.53, abs=0.005)
    assert (found.independence_p or 1) < 0.01


@settings(deadline=None)
@given(st.lists(st.booleans(), min_size=1, max_size=300), st.sampled_from([0.9, 0.95, 0.99]))
def test_statistics_are_those_of_plain_likelihoods(series: list[bool], confidence: float) -> None:
    found = coverage_test(series, confidence)
    n, x = len(series), sum(series)
    free = stats.binom.logpmf(x, n, x / n)
    assert found.kupiec == pytest.approx(
        max(0, -2 * (stats.binom.logpmf(x, n, 1 - confidence) - free)), rel=1e-6, abs=1e-6
    )
    assert found.kupiec_p == pytest.approx(stats.chi2.sf(found.kupiec, 1), rel=1e-9)
    assert sum(found.transitions) == n - 1
    if found.independence is None:
        assert found.reasons
        assert found.conditional is None
        return
    # Each pair's probability, one after the other.
    pairs = list(pairwise(series))
    struck = sum(after for _, after in pairs) / len(pairs)

    def log(chance: float, hit: bool) -> float:
        return math.log(chance if hit else 1 - chance)

    whole = sum(log(struck, after) for _, after in pairs if 0 < struck < 1)
    apart = 0.0
    for state in (False, True):
        of_state = [after for before, after in pairs if before == state]
        share = sum(of_state) / len(of_state)
        apart += sum(log(share, after) for after in of_state if 0 < share < 1)
    assert found.independence == pytest.approx(max(0, -2 * (whole - apart)), rel=1e-6, abs=1e-6)
    assert found.conditional == pytest.approx((found.kupiec or 0) + found.independence)
    assert found.conditional_p == pytest.approx(stats.chi2.sf(found.conditional, 2), rel=1e-9)


def test_none_and_all_exceptions() -> None:
    none = coverage_test([False] * 255, 0.99)
    assert none.kupiec == pytest.approx(-2 * 255 * math.log(0.99), rel=1e-12)
    assert (none.independence, none.conditional) == (None, None)
    assert none.reasons == ("no exceptions: their independence cannot be tested",)
    every = coverage_test([True] * 10, 0.95)
    assert every.kupiec == pytest.approx(-20 * math.log(0.05), rel=1e-12)
    assert every.independence is None
    assert "exceptions only" in every.reasons[1]


def test_nothing_to_test_has_reasons_in_place_of_figures() -> None:
    found = coverage_test([], 0.95)
    assert (found.observations, found.kupiec, found.conditional_p) == (0, None, None)
    assert found.reasons == ("there are no observations",)
    assert "less than one exception" in coverage_test([True, False], 0.95).reasons[0]


def test_a_gap_is_no_transition() -> None:
    series, follows = [False, True, True, False], [False, True, False, True]
    found = coverage_test(series, 0.95, follows=follows)
    assert found.transitions == (0, 1, 1, 0)
    lone = coverage_test([True, False], 0.95, follows=[False, False])
    assert lone.independence is None
    assert "no exception has a neighbour" in lone.reasons[1]
    with pytest.raises(InputError):
        coverage_test(series, 0.95, follows=[True])
    with pytest.raises(InputError, match="confidence"):
        coverage_test(series, 0.05)
