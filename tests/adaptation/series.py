"""Synthetic shifts, and what a detector of river's finds in them in memory."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from river import drift

from cryptoscalp.adaptation.drift_types import Algorithm


def shifted(seed: int, length: int, at: int, *, by: float, low: float = 0.2) -> list[float]:
    """Numbers around `low`, and from `at` on around `low + by`; all above zero."""
    drawn = random.Random(seed)
    return [abs(drawn.gauss(low + (by if number >= at else 0.0), 0.05)) for number in range(length)]


def in_memory(
    algorithm: Algorithm, parameters: dict[str, Any], values: Sequence[float]
) -> list[int]:
    """Numbers (from one) of the observations at which river's own detector alarms."""
    kinds: dict[str, Any] = {
        "ADWIN": drift.ADWIN, "PAGE_HINKLEY": drift.PageHinkley, "KSWIN": drift.KSWIN,
    }  # fmt: skip
    detector = kinds[algorithm](**parameters)
    found = []
    for number, value in enumerate(values, 1):
        detector.update(value)
        if detector.drift_detected:
            found.append(number)
    return found
