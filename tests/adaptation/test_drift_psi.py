"""PSI: its threshold alarms as often as it says, and sees what has moved."""

from __future__ import annotations

import math

import numpy as np
import pytest

from cryptoscalp.adaptation.psi import PSI, edges, index, threshold


def rate(
    seed: int,
    reference: int,
    current: int,
    bins: int,
    alpha: float,
    *,
    windows: int,
    shift: float = 0,
) -> float:
    """Share of windows of normal numbers, moved by `shift`, that exceed the threshold."""
    drawn = np.random.default_rng(seed)
    limit = threshold(reference, current, bins, alpha)
    found = 0
    for _ in range(windows):
        held = drawn.normal(size=reference)
        cuts = edges(held.tolist(), bins)
        counts = [
            np.bincount(np.searchsorted(cuts, of, side="right"), minlength=bins).tolist()
            for of in (held, drawn.normal(shift, size=current))
        ]
        found += index(*counts) > limit
    return found / windows


@pytest.mark.long
@pytest.mark.parametrize(
    ("reference", "current", "bins"),
    [(100, 100, 5), (200, 200, 10), (500, 500, 10), (1_000, 500, 10), (1_000, 1_000, 20),
     (5_000, 5_000, 10)],
)  # fmt: skip
def test_false_alarms_are_as_many_as_alpha_says(reference: int, current: int, bins: int) -> None:
    windows = 2_000
    found = rate(1, reference, current, bins, 0.05, windows=windows)
    # Three standard errors; at 20 observations a bin up to an eighth fewer, to hold at 0.001 too.
    error = 3 * math.sqrt(0.05 * 0.95 / windows)
    assert 0.05 * 0.875 - error < found < 0.05 + error


@pytest.mark.parametrize(
    ("reference", "current", "shift", "least"),
    # The non-central chi-square distribution gives 0.80, 1.00 and 0.66 for these shifts.
    [(1_000, 500, 0.3, 0.7), (1_000, 500, 0.5, 0.99), (5_000, 5_000, 0.1, 0.55)],
)
def test_a_shift_is_seen(reference: int, current: int, shift: float, least: float) -> None:
    assert rate(2, reference, current, 10, 0.001, windows=200, shift=shift) >= least


def test_a_fixed_limit_would_not_do() -> None:
    """The usual 0.1 lies below the threshold of small windows and far above that of large ones."""
    assert threshold(100, 100, 5, 0.001) > 0.1
    assert threshold(5_000, 5_000, 10, 0.001) < 0.02


def test_an_empty_bin_counts_half_an_observation() -> None:
    found = index([50, 50], [100, 0])
    p, q = 0.5, 0.005
    assert found == pytest.approx((1 - p) * math.log(1 / p) + (q - p) * math.log(q / p))


@pytest.mark.parametrize("moved", [4.0, 6.0])
def test_a_constant_that_moves_is_seen_to_both_sides(moved: float) -> None:
    psi = PSI(100, 60, 3, 0.001)
    assert not [one for one in [psi.update(5.0) for _ in range(340)] if one]
    found = [one for one in [psi.update(moved) for _ in range(60)] if one]
    assert len(found) == 1


def test_windows_do_not_overlap_and_a_drift_begins_a_new_reference() -> None:
    drawn = np.random.default_rng(4)
    psi = PSI(200, 100, 5, 0.001)
    values = [*drawn.normal(size=400), *drawn.normal(3, size=700)]
    found = [number for number, value in enumerate(values, 1) if psi.update(float(value))]
    assert found == [500]
