"""Seeded signals with and without a shift, as errors of predictions are: all above zero."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

#: Observations before a shift at least. It comes up to SPREAD later, at another place in each
#: stream: PSI decides at the end of a window, ADWIN at every 32nd observation.
ONSET: Final = 2_000
SPREAD: Final = 500
#: Observations after a shift within which it has to be found.
WITHIN: Final = 2_000
#: Observations of a stream without a shift.
STEADY: Final = 5_000
#: The mean of a stream before its shift, in standard deviations.
_MEAN: Final = 4.0


@dataclass(frozen=True, slots=True)
class Case:
    """What happens to a stream after its onset.

    `by`: how far the mean moves, in standard deviations of the stream before. `over`: within how
    many observations it gets there, in a straight line. `variance`: what the variance is multiplied
    by. `heavy`: Student's t with three degrees of freedom in place of a normal distribution, of the
    same variance.
    """

    name: str
    by: float = 0.0
    over: int = 0
    variance: float = 1.0
    heavy: bool = False

    @property
    def shifts(self) -> bool:
        """Whether anything happens."""
        return self.by != 0 or self.variance != 1


CASES: Final = (
    Case("no shift"),
    Case("no shift, Student t(3)", heavy=True),
    Case("mean + 0.5 sigma", by=0.5),
    Case("mean + 1 sigma", by=1.0),
    Case("mean + 2 sigma", by=2.0),
    Case("variance × 2", variance=2.0),
    Case("mean + 1 sigma over 1,000", by=1.0, over=1_000),
)


def onset(number: int) -> int:
    """The observation after which stream `number` shifts, the same in all cases."""
    return ONSET + 37 * number % SPREAD


def stream(case: Case, number: int, sigma: float) -> list[float]:
    """Stream `number` of a case, the same at every call; `sigma` is its standard deviation."""
    drawn = np.random.default_rng([number, CASES.index(case)])
    begins = onset(number)
    length = begins + WITHIN if case.shifts else STEADY
    noise = drawn.standard_t(3, length) / 3**0.5 if case.heavy else drawn.standard_normal(length)
    noise[begins:] *= case.variance**0.5
    risen = np.clip((np.arange(1, length + 1) - begins) / max(case.over, 1), 0.0, 1.0)
    values: list[float] = (np.abs(_MEAN + noise + case.by * risen) * sigma).tolist()
    return values
