"""Returns and drawdown of an equity curve, without what came from or went outside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Growth:
    """Returns between points and the wealth index that they make, 1 at the start.

    `returns[n]` is (E_n - flow_n) / E_(n-1) - 1 of the step that ends at `times[n]`; steps from or
    to equity that is not above zero have none and are left out (`skipped`). `drawdowns` are
    1 - index / highest index so far, the 1 of the start among them.
    """

    times: tuple[datetime, ...]
    returns: tuple[float, ...]
    drawdowns: tuple[float, ...]
    skipped: int


def growth(
    times: Sequence[datetime], equities: Sequence[Decimal], flows: Sequence[Decimal]
) -> Growth:
    """The growth of a curve; `flows[n]` came in between points n - 1 and n."""
    kept, returns, falls = [], [], []
    index = highest = 1.0
    skipped = 0
    for n in range(1, len(equities)):
        before, after = equities[n - 1], equities[n] - flows[n]
        if before <= 0 or after <= 0:
            skipped += 1
            continue
        step = float(after / before)
        index *= step
        highest = max(highest, index)
        kept.append(times[n])
        returns.append(step - 1.0)
        falls.append(1.0 - index / highest)
    return Growth(tuple(kept), tuple(returns), tuple(falls), skipped)


def greatest(drawdowns: Sequence[float]) -> float | None:
    """The greatest drawdown, None of nothing."""
    return max(drawdowns, default=None)
