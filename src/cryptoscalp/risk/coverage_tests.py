"""Pure calculation: does a VaR hold? Tests of Kupiec and Christoffersen on exceptions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.risk.sample import checked_confidence


@dataclass(frozen=True, slots=True)
class CoverageTest:
    """Likelihood-ratio tests of a series of exceptions (losses above the VaR).

    `expected` is (1 - confidence) × observations. `transitions` counts neighbours: (no exception
    after none, exception after none, none after an exception, two in a row). Each statistic is
    -2 ln of a likelihood ratio with its p-value, a share, by chi-square: `kupiec` (Kupiec 1995,
    one degree of freedom), `independence` (Christoffersen 1998, one), `conditional`, the sum of
    both (two). A small p-value rejects the VaR. None with a reason where it is not defined.
    """

    confidence: float
    observations: int
    exceptions: int
    expected: float
    transitions: tuple[int, int, int, int]
    kupiec: float | None
    kupiec_p: float | None
    independence: float | None
    independence_p: float | None
    conditional: float | None
    conditional_p: float | None
    reasons: tuple[str, ...] = ()


def coverage_test(
    exceptions: Sequence[bool], confidence: float, *, follows: Sequence[bool] | None = None
) -> CoverageTest:
    """Test whether exceptions are as many as the confidence says, and independent.

    - Kupiec (1995), proportion of failures: -2 ln of the likelihood of p = 1 - confidence over that
      of the observed share, chi-square with one degree of freedom.
    - Christoffersen (1998), independence: of one share for all over one after an exception and
      another after none; one degree.
    - Conditional coverage: the sum of both; two degrees.

    `follows` tells of each observation whether it directly follows the one before (all do, unless
    given): a pair with a gap between is no transition. Raises InputError.
    """
    share = 1 - checked_confidence(confidence)
    hits = [bool(one) for one in exceptions]
    linked = [True] * len(hits) if follows is None else [bool(one) for one in follows]
    if len(linked) != len(hits):
        raise InputError(f"{len(linked):,} links for {len(hits):,} observations")
    n, x = len(hits), sum(hits)
    counts = [0, 0, 0, 0]
    for at in range(1, n):
        if linked[at]:
            counts[2 * hits[at - 1] + hits[at]] += 1
    reasons = []
    kupiec = independence = None
    if not n:
        reasons.append("there are no observations")
    else:
        kupiec = _ratio(_log_likelihood(n - x, x, share), _log_likelihood(n - x, x, x / n))
        if n * share < 1:
            reasons.append(f"{n:,} observations are few: less than one exception is expected")
    if n and x in (0, n):
        told = "no exceptions" if x == 0 else "exceptions only"
        reasons.append(f"{told}: their independence cannot be tested")
    elif n:
        independence = _independence(counts)
        if independence is None:
            reasons.append("no exception has a neighbour: independence cannot be tested")
    conditional = None if kupiec is None or independence is None else kupiec + independence
    return CoverageTest(
        confidence=float(confidence),
        observations=n,
        exceptions=x,
        expected=share * n,
        transitions=(counts[0], counts[1], counts[2], counts[3]),
        kupiec=kupiec,
        kupiec_p=_p_value(kupiec, 1),
        independence=independence,
        independence_p=_p_value(independence, 1),
        conditional=conditional,
        conditional_p=_p_value(conditional, 2),
        reasons=tuple(reasons),
    )


def _independence(counts: Sequence[int]) -> float | None:
    calm, struck, calmed, again = counts
    after_none, after_one = calm + struck, calmed + again
    if not after_none or not after_one:
        return None
    one = (struck + again) / (after_none + after_one)
    whole = _log_likelihood(calm + calmed, struck + again, one)
    apart = _log_likelihood(calm, struck, struck / after_none) + _log_likelihood(
        calmed, again, again / after_one
    )
    return _ratio(whole, apart)


def _log_likelihood(misses: int, hits: int, share: float) -> float:
    """ln((1 - p)^misses p^hits), where 0^0 is 1."""
    missed = misses * math.log1p(-share) if misses else 0.0
    return missed + (hits * math.log(share) if hits else 0.0)


def _ratio(restricted: float, free: float) -> float:
    # The free likelihood is the greatest: below zero is rounding.
    return max(0.0, -2 * (restricted - free))


def _p_value(statistic: float | None, degrees: int) -> float | None:
    if statistic is None:
        return None
    from scipy.special import chdtrc

    return float(chdtrc(degrees, statistic))
