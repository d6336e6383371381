"""Mean and spread of a buffer's rewards, and how rare a reward is."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from cryptoscalp.replay.replay_types import Floats


def rarity(rewards: Floats, mean: float, std: float) -> Floats:
    """How many standard deviations each reward lies from the mean: float64 (n,), 0 or more.

    0 for all where the standard deviation is 0 (all rewards are equal), or too great for a float.
    """
    if not 0 < std < math.inf:
        return np.zeros(len(rewards))
    # A distance that no float holds is rarer than any bound: infinity says so.
    with np.errstate(over="ignore"):
        found: Floats = np.abs(np.asarray(rewards, np.float64) - mean) / std
    return found


@dataclass(frozen=True, slots=True)
class Moments:
    """Count, mean and sum of squared deviations of numbers, which need not be kept for it.

    Two of them merge exactly as if their numbers had been one array (T. Chan, G. Golub,
    R. LeVeque, Updating Formulae and a Pairwise Algorithm for Computing Sample Variances, 1979).
    Numbers that are all equal have a deviation of exactly 0, whatever they are and however merged.
    """

    count: int = 0
    mean: float = 0.0
    squares: float = 0.0

    @classmethod
    def of(cls, numbers: Floats) -> Moments:
        """The moments of float64 (n,), which may be empty; all of them finite."""
        if not len(numbers):
            return cls()
        first = float(numbers[0])
        with np.errstate(over="ignore", invalid="ignore"):
            # Counted from one of the numbers: sums of equal or large ones lose nothing.
            shifts = np.asarray(numbers, np.float64) - first
            shift = float(shifts.mean())
            squares = float(np.square(shifts - shift).sum())
        return cls(len(numbers), first + shift, squares)

    @property
    def std(self) -> float:
        """The standard deviation of all of them (not of a sample); 0 where there are none."""
        return math.sqrt(self.squares / self.count) if self.count else 0.0

    def merged(self, other: Moments) -> Moments:
        """The moments of both together."""
        count = self.count + other.count
        if not self.count or not other.count:
            return self if self.count else other
        apart = other.mean - self.mean
        return Moments(
            count,
            self.mean + apart * (other.count / count),
            self.squares + other.squares + apart * apart * (self.count * other.count / count),
        )
