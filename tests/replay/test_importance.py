"""Importance weights are (N P)^-beta over the greatest of the whole buffer."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from cryptoscalp.replay.importance import beta_of
from cryptoscalp.replay.replay_types import Mode, Sampling
from tests.replay.experiences import filled

SIX = [0.05, 0.10, 0.15, 0.20, 0.20, 0.30]


@pytest.mark.parametrize("beta", [0, 1, 2])
@pytest.mark.parametrize("decades", [0, 1, 12])
def test_weights_are_the_definitions_in_exact_arithmetic(beta: int, decades: int) -> None:
    rng = np.random.default_rng(4)
    count = 300
    priorities = 10.0 ** rng.uniform(-decades, decades, count)
    tiers = rng.integers(0, 6, count)
    arena = filled(priorities, tiers, Sampling(alpha=1.0, eps=0.0), tier_weights=SIX)
    # Every number that goes in is a float64, and so an exact fraction.
    exact = [Fraction(one) for one in priorities.tolist()]
    shares = [Fraction(one) / sum(map(Fraction, SIX)) for one in SIX]
    totals = [sum(p for p, t in zip(exact, tiers, strict=True) if t == tier) for tier in range(6)]
    chances = [shares[t] * p / totals[t] for p, t in zip(exact, tiers, strict=True)]
    weights = [(count * chance) ** -beta for chance in chances]
    greatest = max(weights)
    for n in (1, 512):
        batch = arena.sample(n, beta=float(beta))
        expected = [float(weights[one] / greatest) for one in batch.memory_ids.tolist()]
        assert batch.weights == pytest.approx(expected, rel=1e-12)


def test_weights_of_a_fractional_exponent() -> None:
    rng = np.random.default_rng(4)
    priorities = 10.0 ** rng.uniform(-12, 12, 200)
    arena = filled(priorities, sampling=Sampling(alpha=0.6, eps=1e-6))
    powers = (priorities.astype(np.longdouble) + np.longdouble(1e-6)) ** np.longdouble(0.6)
    chances = powers / powers.sum()
    weights = (200 * chances) ** np.longdouble(-0.4)
    weights /= weights.max()
    batch = arena.sample(512, beta=0.4)
    assert batch.weights == pytest.approx(weights[batch.memory_ids].astype(float), rel=1e-12)
    assert batch.weights.max() <= 1


@pytest.mark.parametrize("mode", list(Mode))
def test_one_experience_weighs_one(mode: Mode) -> None:
    batch = filled([0.3], sampling=Sampling(mode)).sample(5)
    assert batch.weights.tolist() == [1.0] * 5
    assert batch.probabilities.tolist() == [1.0] * 5


@pytest.mark.parametrize(
    ("priorities", "alpha"), [([0.1] * 77, 0.6), ([10.0**one for one in range(-12, 13)], 0.0)]
)
def test_equal_chances_weigh_one(priorities: list[float], alpha: float) -> None:
    batch = filled(priorities, sampling=Sampling(alpha=alpha)).sample(64, beta=1.0)
    assert batch.weights == pytest.approx(1.0, rel=1e-12)


def test_a_tier_that_is_never_drawn_from_has_no_part_in_the_greatest() -> None:
    arena = filled([1e-9, 1.0, 2.0], [1, 0, 0], Sampling(alpha=1.0, eps=0.0),
                   tier_weights=[1.0, 0.0])  # fmt: skip
    batch = arena.sample(64, beta=1.0)
    told = dict(zip(batch.memory_ids.tolist(), batch.weights.tolist(), strict=True))
    assert told == pytest.approx({1: 1.0, 2: 0.5})


def test_the_greatest_is_of_what_is_held_now() -> None:
    arena = filled([1e-3, 1.0, 1.0], sampling=Sampling(alpha=1.0, eps=0.0))
    assert arena.sample(64, beta=1.0).weights.min() == pytest.approx(1e-3)
    arena.remove([0])
    assert arena.sample(64, beta=1.0).weights.tolist() == pytest.approx([1.0] * 64)
    arena.update([1], arena.find([1]), [4.0])
    assert arena.sample(64, beta=1.0).weights.min() == pytest.approx(0.25)


def test_beta_grows_with_batches() -> None:
    sampling = Sampling(beta=0.4, beta_final=1.0, beta_draws=3)
    assert [beta_of(sampling, batches) for batches in range(5)] == pytest.approx(
        [0.4, 0.6, 0.8, 1.0, 1.0]
    )
    assert beta_of(Sampling(beta=0.4), 10**9) == 0.4
    arena = filled([1.0, 2.0], sampling=Sampling(
        alpha=1.0, eps=0.0, beta=0.0, beta_final=2.0, beta_draws=2))  # fmt: skip
    assert [arena.sample(16).weights.min() for _ in range(4)] == pytest.approx([1, 0.5, 0.25, 0.25])
