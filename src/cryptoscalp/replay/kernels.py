"""Inner loops of the sum tree.

A forest of one tree a tier, all of the same depth, in one array `sums`: level 0 (the leaves) of all
tiers, then level 1, and so on up to the roots. `first[level, tier]` is where a tier's nodes of a
level begin; node i has the children 8 i to 8 i + 7 of the level below, which are one cache line.
`least` holds the smallest positive leaf under a node (infinity where there is none), for levels
from 1 up: node at of `sums` has it at at - first[1, 0].
"""

from __future__ import annotations

import numpy as np

from cryptoscalp.replay.compiled import kernel
from cryptoscalp.replay.replay_types import Floats, Ints


@kernel
def tier_of(first: Ints, leaf: int) -> int:
    """The tier a leaf belongs to; a tier of capacity 0 owns none."""
    tier: int = first.shape[1] - 1
    while leaf < first[0, tier]:
        tier -= 1
    return tier


@kernel
def first_refused(first: Ints, capacities: Ints, leaves: Ints, weights: Floats) -> int:
    """Position of the first leaf that is none, or weight that is negative or not finite; or -1."""
    end = first[1, 0]
    for at in range(len(leaves)):
        leaf = leaves[at]
        if leaf < 0 or leaf >= end:
            return at
        tier = tier_of(first, leaf)
        if leaf - first[0, tier] >= capacities[tier]:
            return at
        if not 0.0 <= weights[at] < np.inf:
            return at
    return -1


@kernel
def _recompute(sums: Floats, least: Floats, first: Ints, level: int, tier: int, node: int) -> None:
    """Make a node anew from its eight children, always in their order."""
    leaves = first[1, 0]
    at = first[level, tier] + node
    child = first[level - 1, tier] + 8 * node
    total = 0.0
    smallest = np.inf
    for one in range(child, child + 8):
        total += sums[one]
        lowest = least[one - leaves] if level > 1 else sums[one]
        if 0.0 < lowest < smallest:
            smallest = lowest
    sums[at] = total
    least[at - leaves] = smallest


@kernel
def place(
    sums: Floats, least: Floats, counts: Ints, first: Ints, leaves: Ints, weights: Floats
) -> None:
    """Set leaves (the later of duplicates wins) and every node above them, each of these once.

    `counts` is the number of positive leaves a tier. A node that awaits its recomputation is
    marked by a sum of -1, so it is listed once however many of its children have changed.
    """
    waiting = len(leaves)
    nodes = np.empty(waiting, np.int64)
    tiers = np.empty(waiting, np.int64)
    for at in range(waiting):
        leaf = leaves[at]
        tier = tier_of(first, leaf)
        tiers[at] = tier
        nodes[at] = leaf - first[0, tier]
        counts[tier] += np.int64(weights[at] > 0.0) - np.int64(sums[leaf] > 0.0)
        sums[leaf] = weights[at]
    for level in range(1, first.shape[0]):
        listed = 0
        for at in range(waiting):
            tier = tiers[at]
            node = nodes[at] >> 3
            if sums[first[level, tier] + node] >= 0.0:
                sums[first[level, tier] + node] = -1.0
                nodes[listed] = node
                tiers[listed] = tier
                listed += 1
        waiting = listed
        for at in range(waiting):
            _recompute(sums, least, first, level, tiers[at], nodes[at])


@kernel
def build(sums: Floats, least: Floats, counts: Ints, first: Ints, capacities: Ints) -> None:
    """Make every node and count anew from the leaves."""
    for tier in range(first.shape[1]):
        counts[tier] = 0
        for leaf in range(first[0, tier], first[0, tier] + capacities[tier]):
            counts[tier] += np.int64(sums[leaf] > 0.0)
        size = capacities[tier]
        for level in range(1, first.shape[0]):
            size = max(1, (size + 7) >> 3)
            if capacities[tier] > 0:
                for node in range(size):
                    _recompute(sums, least, first, level, tier, node)


@kernel
def mixture(
    sums: Floats, least: Floats, counts: Ints, first: Ints, weights: Floats, shares: Floats
) -> float:
    """The probability of each tier into `shares`; the smallest probability of a leaf.

    Both are 0 where no tier that weighs anything has a positive leaf.
    """
    depth = first.shape[0] - 1
    total = 0.0
    for tier in range(len(weights)):
        if counts[tier] > 0:
            total += weights[tier]
    smallest = np.inf
    for tier in range(len(weights)):
        shares[tier] = 0.0
        if counts[tier] > 0 and weights[tier] > 0.0:
            root = first[depth, tier]
            shares[tier] = weights[tier] / total
            smallest = min(smallest, shares[tier] * (least[root - first[1, 0]] / sums[root]))
    return smallest if total > 0.0 else 0.0


@kernel
def draw(
    sums: Floats,
    first: Ints,
    shares: Floats,
    uniforms: Floats,
    leaves: Ints,
    probabilities: Floats,
) -> None:
    """For each uniform in [0, 1] the leaf at that place of the mixture's distribution function.

    `shares`: what each tier is drawn with, summing to 1, 0 for a tier without positive leaves.
    All draws go down level by level together, so that their cache misses overlap.

    A child is chosen by the last prefix sum that does not exceed the rest; a child of weight 0
    adds nothing to its prefix and cannot be it. By rounding the rest may be no smaller than the
    sum of all eight: then it is the last child that is not 0, which the parent's positive sum
    proves to exist.
    """
    depth = first.shape[0] - 1
    drawn = len(uniforms)
    tiers = np.empty(drawn, np.int64)
    rests = np.empty(drawn, np.float64)
    for at in range(drawn):
        below = 0.0
        start = 0.0
        chosen = 0
        for tier in range(len(shares)):
            if shares[tier] > 0.0:
                chosen = tier
                start = below
                below += shares[tier]
                if uniforms[at] < below:
                    break
        tiers[at] = chosen
        total = sums[first[depth, chosen]]
        rests[at] = max(0.0, (uniforms[at] - start) / shares[chosen] * total)
        leaves[at] = 0
    for level in range(depth - 1, -1, -1):
        for at in range(drawn):
            child = first[level, tiers[at]] + 8 * leaves[at]
            rest = rests[at]
            prefix = 0.0
            before = 0.0
            step = 0
            for one in range(8):
                prefix += sums[child + one]
                if rest >= prefix:
                    before = prefix
                    step = one + 1
            if step == 8:
                step = 7
                while sums[child + step] <= 0.0:
                    step -= 1
                # All of it: the levels below take their last child too.
                before = rest - sums[child + step]
            rests[at] = rest - before
            leaves[at] = 8 * leaves[at] + step
    for at in range(drawn):
        tier = tiers[at]
        leaves[at] += first[0, tier]
        probabilities[at] = shares[tier] * (sums[leaves[at]] / sums[first[depth, tier]])
