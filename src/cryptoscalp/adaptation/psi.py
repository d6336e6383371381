"""Population stability index with a threshold that knows how many observations it was made of."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from cryptoscalp.adaptation.drift_types import Found

#: What an empty bin counts as: half an observation, so that its share is of the order of 1/n.
_EMPTY: Final = 0.5


def index(reference: Sequence[int], current: Sequence[int]) -> float:
    """The PSI of two histograms over the same bins: sum of (q - p) ln(q / p) over the bins.

    p and q are the shares of a bin in the reference and in the current window. It is the
    symmetrized divergence J of Kullback and Leibler (Annals of Mathematical Statistics 22, 1951).
    """
    p = _shares(reference)
    q = _shares(current)
    return float(((q - p) * np.log(q / p)).sum())


def threshold(reference: int, current: int, bins: int, alpha: float) -> float:
    """What the PSI of two windows of the same distribution exceeds with probability `alpha`.

    For n and m observations PSI / (1/n + 1/m) tends to chi-square with bins - 1 degrees of freedom
    (B. Yurdakul and J. Naranjo, "Statistical properties of the population stability index",
    Journal of Risk Model Validation 14(4), 2020). In small current windows its tail is heavier:
    at 20 observations a bin it exceeds that limit up to twice as often as an alpha of 0.001 says.
    The factor 1 + bins/m, found by simulation, mends it. Fixed limits such as 0.1 or 0.25 are no
    such thing: they alarm all the time in small windows, and never in large ones.
    """
    asymptotic = chi2.isf(alpha, bins - 1) * (1 / reference + 1 / current)
    return float(asymptotic * (1 + bins / current))


def edges(reference: Sequence[float], bins: int) -> list[float]:
    """Inner edges of bins with equally many reference values; a value at an edge lies above it.

    A value that many share, over which several quantiles fall, gets a bin of its own: one can
    move away from a constant to both sides.
    """
    cuts = np.quantile(np.asarray(reference), np.arange(1, bins) / bins)
    found: list[float] = []
    for cut in cuts.tolist():
        if found and cut <= found[-1]:
            above = math.nextafter(cut, math.inf)
            if found[-1] != above:
                found.append(above)
        else:
            found.append(cut)
    return found


class PSI:
    """Compares windows of `current` observations, one after the other, with a reference window.

    The first `reference` observations are the reference; after a drift the next ones are. State:
    the reference's values until it is full, then edges and counts.
    """

    def __init__(self, reference: int, current: int, bins: int, alpha: float) -> None:
        self.reference, self.current, self.bins, self.alpha = reference, current, bins, alpha
        self._begin()

    def _begin(self) -> None:
        self._values: list[float] = []
        self._edges: list[float] = []
        self._expected: list[int] = []
        self._counts: list[int] = []

    def update(self, value: float) -> Found | None:
        """Take in one observation; a drift where it ends a window that differs."""
        if not self._expected:
            self._values.append(value)
            if len(self._values) == self.reference:
                self._edges = edges(self._values, self.bins)
                places = np.searchsorted(self._edges, self._values, side="right")
                self._expected = np.bincount(places, minlength=len(self._edges) + 1).tolist()
                self._counts = [0] * len(self._expected)
                self._values = []
            return None
        self._counts[int(np.searchsorted(self._edges, value, side="right"))] += 1
        if sum(self._counts) < self.current:
            return None
        found = index(self._expected, self._counts)
        limit = threshold(self.reference, self.current, len(self._counts), self.alpha)
        if found > limit:
            bins = float(len(self._counts))
            self._begin()
            return Found(found, limit, {"bins": bins, "reference": float(self.reference),
                                        "current": float(self.current)})  # fmt: skip
        self._counts = [0] * len(self._counts)
        return None

    def dump(self) -> Mapping[str, Any]:
        """The state as plain numbers."""
        return {
            "values": self._values,
            "edges": self._edges,
            "expected": self._expected,
            "counts": self._counts,
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Go on from a state."""
        self._values = [float(one) for one in state["values"]]
        self._edges = [float(one) for one in state["edges"]]
        self._expected = [int(one) for one in state["expected"]]
        self._counts = [int(one) for one in state["counts"]]


def _shares(counts: Sequence[int]) -> NDArray[np.float64]:
    held = np.asarray(counts, dtype=np.float64)
    shares: NDArray[np.float64] = np.maximum(held, _EMPTY) / held.sum()
    return shares
