"""Tiers that make sense, and experiences near their bounds, for Hypothesis."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from cryptoscalp.replay.tier_types import TIERS, Condition, Move, Overflow, Tier
from tests.replay.tier_oracle import REGIMES, Row

#: For a machine that does other things at the same time.
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
LOW, HIGH = st.sampled_from([0.0, 0.1, 0.5]), st.sampled_from([0.7, 1.0, 2.5])
#: Few values, so that experiences lie on the bounds, and on each other.
NUMBERS = st.sampled_from([0.0, 0.1, 0.5, 0.7, 1.0, 2.5])
WHOLE = st.integers(0, 4)
BOUNDS: dict[str, st.SearchStrategy[Any]] = {
    "priority_from": LOW,
    "priority_below": HIGH,
    "td_error_from": NUMBERS,
    "age_from_s": LOW,
    "age_below_s": HIGH,
    "rarity_from": NUMBERS,
    "draws_from": WHOLE,
    "regimes": st.frozensets(st.sampled_from(REGIMES), min_size=1, max_size=2),
}
_NAMES = st.lists(st.sampled_from(sorted(BOUNDS)), max_size=3, unique=True)
_PREFIXES = st.text(max_size=3)
_CAPACITIES = st.lists(st.integers(0, 4), min_size=TIERS, max_size=TIERS).filter(any)
_ORDERS = st.permutations(range(1, TIERS + 1))
_OVERFLOWS = st.sampled_from(Overflow)


@st.composite
def conditions(draw: st.DrawFn) -> Condition:
    """Any condition of up to three bounds, which something can meet."""
    return Condition(**{name: draw(BOUNDS[name]) for name in draw(_NAMES)})


@st.composite
def emptying_tiers(draw: st.DrawFn) -> tuple[Tier, ...]:
    """Six tiers of up to 4 experiences that overflow in any way without a circle."""
    prefix, capacities, order = draw(_PREFIXES), draw(_CAPACITIES), draw(_ORDERS)
    tiers = []
    for number, capacity in enumerate(capacities, 1):
        # Only to one that comes later in a random order: so there is no circle.
        later = [to for to in order[order.index(number) + 1 :] if capacities[to - 1]]
        to = draw(st.sampled_from([None, *later]))
        tiers.append(
            Tier(f"{prefix}{number}", capacity, 1.0, Condition(), (), draw(_OVERFLOWS), to)
        )
    return tuple(tiers)


@st.composite
def six_tiers(draw: st.DrawFn) -> tuple[Tier, ...]:
    """Six tiers that `check_tiers` accepts, with any weights, admissions and moves."""
    tiers = draw(emptying_tiers())
    used = [number for number, tier in enumerate(tiers, 1) if tier.capacity]
    found = []
    for number, tier in enumerate(tiers, 1):
        first = number == used[0]
        others = [to for to in used if to != number]
        going = draw(st.lists(st.sampled_from(others), max_size=2)) if others else []
        found.append(
            replace(
                tier,
                weight=draw(st.floats(1e-9 if first else 0.0, 1e9)),
                admit=draw(conditions()) if first or draw(st.booleans()) else None,
                moves=tuple(Move(to, draw(conditions())) for to in going),
            )
        )
    return tuple(found)


ROWS = st.lists(
    st.builds(
        Row,
        priority=NUMBERS,
        td_error=st.none() | NUMBERS | NUMBERS.map(lambda number: -number),
        age_s=NUMBERS,
        rarity=NUMBERS,
        draws=WHOLE,
        regime=st.none() | st.sampled_from(REGIMES),
    ),
    max_size=15,
)
