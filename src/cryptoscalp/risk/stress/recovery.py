"""How long a loss takes to be earned again, from hourly returns of equity before it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from cryptoscalp.risk.stress.result_types import Recovery

#: Hourly returns below which a mean says nothing.
LEAST_HOURS: Final = 24
#: Quantile of the normal distribution for a 95 % interval.
_QUANTILE: Final = 1.959963984540054
#: The most minutes that the table holds, over 4,000 years.
_MOST: Final = 2**31 - 1


def hourly_returns(equities: Sequence[Decimal], flows: Sequence[Decimal]) -> list[float]:
    """Log returns from hour to hour; `flows[n]` came from outside in the hour before point n.

    r = ln((E_n - flow_n) / E_(n-1)). Hours from or to equity that is not above zero are left out.
    """
    found = []
    for n in range(1, len(equities)):
        before, after = equities[n - 1], equities[n] - flows[n]
        if before > 0 and after > 0:
            found.append(math.log(float(after / before)))
    return found


def recovery(returns: Sequence[float], lost: float | None) -> Recovery:
    """Minutes until a fraction `lost` of equity is earned again at the mean of `returns`.

    -ln(1 - lost) / mean hours, rounded up to minutes; the interval is by mean ± 1.96 standard
    errors (ddof 1). Returns are taken as independent: with autocorrelation it is too narrow.
    """
    hours = len(returns)
    if lost is None:
        return Recovery(None, hours=hours, reason="equity was not above zero")
    if lost <= 0:
        return Recovery(0, 0, 0, hours=hours)
    if lost >= 1:
        return Recovery(None, hours=hours, reason="all equity is lost: nothing is left to earn")
    if hours < LEAST_HOURS:
        return Recovery(
            None, hours=hours,
            reason=f"{hours} hourly returns of equity are known, {LEAST_HOURS} are needed",
        )  # fmt: skip
    mean = math.fsum(returns) / hours
    deviation = math.sqrt(math.fsum((one - mean) ** 2 for one in returns) / (hours - 1))
    error = _QUANTILE * deviation / math.sqrt(hours)
    if mean <= 0:
        return Recovery(
            None, mean_hourly_return=mean, hours=hours,
            reason="the mean hourly return is not above zero",
        )  # fmt: skip
    minutes = _minutes(lost, mean)
    return Recovery(
        minutes,
        _minutes(lost, mean + error),
        _minutes(lost, mean - error),
        mean,
        hours,
        None if minutes is not None else "it would take over 4,000 years",
    )


def _minutes(lost: float, mean: float) -> int | None:
    if mean <= 0:
        return None
    found = -math.log1p(-lost) / mean * 60
    return math.ceil(found) if found < _MOST else None
