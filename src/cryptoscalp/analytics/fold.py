"""Returns folded bucket by bucket into a state of fixed size, for many series at once.

A state is a row of `FIELDS`. Each bucket is folded once, in the order of time, element by element:
a series folded in pieces has the same bits as one folded at once, beside whatever others.
Moments by Pébay (2008), "Formulas for robust, one-pass parallel computation".
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from cryptoscalp.analytics.ratios import LEAST_CAPITAL, Statistics
from cryptoscalp.trading.grid_types import Floats

#: equity, gained: at the last moment at which both were known; deposits, withdrawals: since then,
#: and `skipped` buckets. wealth, peak, drawdown: of the product of 1 + r. mean, m2, m3, m4: of
#: returns; downside: sum of squares of those below zero; first, last: returns; cross: sum of
#: products of neighbours, less `first`. gaps: buckets with an end that is not known;
#: uncapitalized: without capital.
FIELDS: Final = (
    "returns", "gaps", "skipped", "uncapitalized", "equity", "deposits", "withdrawals", "gained",
    "wealth", "peak", "drawdown", "mean", "m2", "m3", "m4", "downside", "first", "last", "cross",
)  # fmt: skip
SIZE: Final = len(FIELDS)
_AT: Final = {name: n for n, name in enumerate(FIELDS)}
_ZERO_HISTORY: Final = tuple(
    _AT[name]
    for name in ("drawdown", "mean", "m2", "m3", "m4", "downside", "first", "last", "cross")
)
Bools = npt.NDArray[np.bool_]


def begun(equity: Floats, gained: Floats) -> Floats:
    """The states at the first moment of a window: SIZE x series."""
    state = np.zeros((SIZE, len(equity)))
    state[_AT["equity"]] = equity
    state[_AT["gained"]] = gained
    state[_AT["wealth"]] = state[_AT["peak"]] = 1.0
    return state


def idle(state: Floats, gained: float) -> Floats:
    """The state of a part that did nothing so far, given its portfolio's state in that window."""
    made = state.copy()
    made[list(_ZERO_HISTORY)] = 0.0
    made[_AT["wealth"]] = made[_AT["peak"]] = 1.0
    made[_AT["gained"]] = gained
    return made


def fold(
    state: Floats,
    equity: Floats,
    deposits: Floats,
    withdrawals: Floats,
    gained: Floats,
    whole: Bools,
) -> None:
    """Fold one bucket into states, in place.

    All by series: `equity` of the portfolio at the bucket's end, what was deposited and withdrawn
    in it, what the series had gained by then; `whole` marks series that are a whole portfolio,
    whose gain is that of its equity.
    """
    (n, gaps, skipped, uncapitalized, equity0, dep, wd, gained0, wealth, peak, drawdown, mean, m2,
     m3, m4, downside, first, last, cross) = state  # fmt: skip
    dep += deposits
    wd += withdrawals
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        known = np.isfinite(equity) & np.isfinite(gained)
        both = known & np.isfinite(equity0) & np.isfinite(gained0)
        capital = equity0 + dep
        gain = np.where(whole, equity + wd - capital, gained - gained0)
        # Capital that came in this bucket and did nothing yet has no return, not one of zero.
        arrived = (equity0 == 0.0) & (equity + wd == capital)
        counted = both & (capital > LEAST_CAPITAL) & ~arrived
        r = np.where(counted, gain / capital, 0.0)
        wealth *= 1.0 + r
        np.maximum(peak, wealth, out=peak)
        np.maximum(drawdown, 1.0 - wealth / peak, out=drawdown)
        uncapitalized += both & ~(capital > LEAST_CAPITAL)
        gaps += ~both | (skipped > 0)
        # A return over several buckets is no return of one.
        fresh = counted & (skipped == 0)
        _moments(fresh, r, n, mean, m2, m3, m4)
        downside += np.where(fresh, np.minimum(r, 0.0) ** 2, 0.0)
        first[:] = np.where(fresh & (n == 1), r, first)
        cross += np.where(fresh & (n > 1), (r - first) * (last - first), 0.0)
        last[:] = np.where(fresh, r, last)
    equity0[:] = np.where(known, equity, equity0)
    gained0[:] = np.where(known, gained, gained0)
    dep[known] = 0.0
    wd[known] = 0.0
    skipped[:] = np.where(known, 0.0, skipped + 1)


def _moments(
    fresh: Bools, r: Floats, n: Floats, mean: Floats, m2: Floats, m3: Floats, m4: Floats
) -> None:
    before = n.copy()
    n += fresh
    apart = np.where(fresh, r - mean, 0.0)
    part = np.where(fresh, apart / n, 0.0)
    square = part * part
    term = apart * part * before
    mean += part
    m4 += term * square * (n * n - 3.0 * n + 3.0) + 6.0 * square * m2 - 4.0 * part * m3
    m3 += term * part * (n - 2.0) - 3.0 * part * m2
    m2 += term


def statistics(state: list[float]) -> Statistics:
    """What a state says of its series."""
    of = dict(zip(FIELDS, state, strict=True))
    n, mean, first, last = of["returns"], of["mean"], of["first"], of["last"]
    # sum of (r - mean)(r' - mean) over neighbours, from that of (r - first)(r' - first).
    shift = mean - first
    neighbours = 2 * n * shift - (last - first)
    cross = of["cross"] - shift * neighbours + max(n - 1, 0) * shift * shift
    return Statistics(
        returns=int(n),
        mean=mean,
        m2=of["m2"],
        m3=of["m3"],
        m4=of["m4"],
        downside=of["downside"],
        cross=cross,
        wealth=of["wealth"],
        drawdown=of["drawdown"],
        buckets=int(n + of["gaps"]),
        lacking=of["gaps"] > 0,
    )


def gaps(state: list[float]) -> int:
    """Buckets of a state at whose start or end something could not be valued."""
    return int(state[_AT["gaps"]])
