"""The sum tree is what a plain sum over its leaves says, whatever happened to it before."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.replay.replay_types import Floats, Ints
from cryptoscalp.replay.sum_tree import SumTree

CAPACITIES = [5, 0, 70, 8, 1, 600]
_WEIGHTS = st.one_of(st.just(0.0), st.floats(1e-12, 1e12))
#: Sequences of sets: (number of a leaf among those that tiers own, weight).
_SETS = st.lists(st.lists(st.tuples(st.integers(0, 683), _WEIGHTS), max_size=40), max_size=8)


def _owned(tree: SumTree) -> Ints:
    """All leaves that a tier owns."""
    spans = zip(tree.starts, tree.capacities, strict=True)
    return np.concatenate([np.arange(start, start + size) for start, size in spans])


def _nodes(tree: SumTree) -> tuple[bytes, bytes, bytes]:
    return tree._sums.tobytes(), tree._least.tobytes(), tree.counts.tobytes()


@given(_SETS)
@settings(max_examples=150, deadline=None)
def test_a_tree_is_what_its_leaves_are(sets: list[list[tuple[int, float]]]) -> None:
    tree = SumTree(CAPACITIES)
    owned = _owned(tree)
    plain = {int(leaf): 0.0 for leaf in owned}
    for one in sets:
        leaves = [int(owned[at]) for at, _ in one]
        tree.set(leaves, [weight for _, weight in one])
        plain |= dict(zip(leaves, (weight for _, weight in one), strict=True))
    for tier, (start, size) in enumerate(zip(tree.starts, CAPACITIES, strict=True)):
        held = [plain[leaf] for leaf in range(start, start + size)]
        positive = [weight for weight in held if weight > 0]
        assert tree.totals[tier] == pytest.approx(math.fsum(held), rel=1e-13)
        assert tree.least[tier] == min(positive, default=math.inf)
        assert tree.counts[tier] == len(positive)
        assert tree.weights(np.arange(start, start + size)).tolist() == held


@given(_SETS)
@settings(max_examples=100, deadline=None)
def test_a_rebuilt_tree_is_the_same_bit_for_bit(sets: list[list[tuple[int, float]]]) -> None:
    tree = SumTree(CAPACITIES)
    owned = _owned(tree)
    for one in sets:
        tree.set([owned[at] for at, _ in one], [weight for _, weight in one])
    built = _nodes(tree)
    tree.rebuild()
    assert _nodes(tree) == built


@given(st.lists(_WEIGHTS, min_size=684, max_size=684), st.randoms(use_true_random=False))
@settings(max_examples=20, deadline=None)
def test_the_order_of_sets_has_no_part_in_a_tree(weights: list[float], random: object) -> None:
    one, other, single = SumTree(CAPACITIES), SumTree(CAPACITIES), SumTree(CAPACITIES)
    owned = _owned(one)
    one.set(owned, weights)
    order = np.random.default_rng(int(sum(weights)) % 2**32).permutation(len(owned))
    other.set(owned[order], np.asarray(weights)[order])
    for at in order:
        single.set(owned[at : at + 1], weights[at : at + 1])
    assert _nodes(one) == _nodes(other) == _nodes(single)


def test_the_later_of_duplicates_wins() -> None:
    tree = SumTree([4])
    tree.set([2, 1, 2], [5.0, 1.0, 3.0])
    assert tree.weights(np.arange(4)).tolist() == [0.0, 1.0, 3.0, 0.0]
    assert (tree.totals[0], tree.least[0], tree.counts[0]) == (4.0, 1.0, 2)


@pytest.mark.parametrize(
    ("leaf", "weight"),
    [(-1, 1.0), (5, 1.0), (8, -1.0), (8, math.nan), (8, math.inf), (10**9, 1.0)],
)
def test_a_leaf_or_weight_that_cannot_be_changes_nothing(leaf: int, weight: float) -> None:
    tree = SumTree([5, 3])  # leaves 5, 6 and 7 fill up tier 0's cache line: no tier owns them
    with pytest.raises(InputError, match=f"leaf {leaf} cannot have weight"):
        tree.set([0, leaf], [1.0, weight])
    assert tree.totals.tolist() == [0.0, 0.0]


@pytest.mark.parametrize("capacities", [[], [0, 0], [3, -1], [2**31]])
def test_capacities_that_cannot_be_are_refused(capacities: list[int]) -> None:
    with pytest.raises(InputError, match="capacities"):
        SumTree(capacities)


@given(
    st.lists(_WEIGHTS, min_size=684, max_size=684).filter(any),
    st.lists(st.floats(0, 1), min_size=1, max_size=50),
)
@settings(max_examples=50, deadline=None)
def test_a_leaf_of_weight_zero_is_never_drawn(weights: list[float], places: list[float]) -> None:
    tree = SumTree(CAPACITIES)
    tree.set(_owned(tree), weights)
    uniforms = np.asarray([*places, 0.0, 1.0, math.nextafter(1.0, 0.0)])
    leaves, probabilities = tree.sample(uniforms, [1.0] * 6)
    assert (tree.weights(leaves) > 0).all()
    assert (probabilities > 0).all()


@pytest.mark.parametrize("skew", [1.0, 1e24])
def test_a_draw_is_the_inverse_of_the_distribution_function(skew: float) -> None:
    tree, weights = _random_tree(skew)
    shares = np.array([0.1, 0.5, 0.2, 0.1, 0.05, 0.15])
    shares[1] = 0  # holds nothing
    shares /= shares.sum()
    totals = np.array([w.sum() for w in weights])
    exact = np.concatenate([q * w / max(t, 1e-300) for q, w, t in
                            zip(shares, weights, totals, strict=True)])  # fmt: skip
    ends = np.cumsum(exact)
    uniforms = np.random.default_rng(3).random(20_000)
    leaves, probabilities = tree.sample(uniforms, [0.1, 0.5, 0.2, 0.1, 0.05, 0.15])
    numbers = np.searchsorted(_owned(tree), leaves)
    assert probabilities == pytest.approx(exact[numbers], rel=1e-12)
    # The uniform lies in the leaf's part of the function, but for rounding at its ends.
    assert (uniforms <= ends[numbers] + 1e-12).all()
    assert (uniforms >= ends[numbers] - exact[numbers] - 1e-12).all()


def _random_tree(skew: float) -> tuple[SumTree, list[Floats]]:
    rng = np.random.default_rng(11)
    tree = SumTree(CAPACITIES)
    weights = [skew ** (rng.random(size) - 0.5) for size in CAPACITIES]
    tree.set(_owned(tree), np.concatenate(weights))
    return tree, weights


def test_nothing_to_draw_from_is_said() -> None:
    tree = SumTree([3, 3])
    with pytest.raises(InputError, match="no tier holds an experience"):
        tree.sample(np.array([0.5]), [1.0, 1.0])
    tree.set([0], [1.0])
    with pytest.raises(InputError, match="has weight 0"):
        tree.sample(np.array([0.5]), [0.0, 1.0])
    for weights in ([1.0], [1.0, -1.0], [1.0, math.nan], [1.0, math.inf]):
        with pytest.raises(InputError, match="tier weights"):
            tree.sample(np.array([0.5]), weights)


def test_the_weight_of_an_empty_tier_falls_to_the_others_in_proportion() -> None:
    tree = SumTree([4, 4, 4])
    tree.set([tree.starts[0], tree.starts[2]], [9.0, 0.5])
    shares, least = tree.mixture(np.array([1.0, 4.0, 3.0]))
    assert shares.tolist() == [0.25, 0.0, 0.75]
    assert least == 0.25


@pytest.mark.parametrize("capacity", [1, 7, 8, 9, 64, 65, 4_097, 300_000])
def test_every_size_has_its_levels(capacity: int) -> None:
    tree = SumTree([capacity])
    tree.set(np.arange(capacity), np.full(capacity, 2.0))
    assert tree.totals[0] == 2.0 * capacity
    uniforms = (np.arange(capacity) + 0.5) / capacity
    leaves, probabilities = tree.sample(uniforms, [1.0])
    assert leaves.tolist() == list(range(capacity))
    assert probabilities == pytest.approx(1 / capacity)
