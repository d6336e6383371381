"""Conditions, admission and moves: each bound, and all of them as plain Python says it."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptoscalp.replay.tier_rules import admitted, holds, moved
from cryptoscalp.replay.tier_types import Condition, Move, Tier
from tests.replay import tier_oracle
from tests.replay.tier_oracle import REGIMES, Row, facts
from tests.replay.tier_strategies import PATIENT, ROWS, conditions, six_tiers

#: Each bound with experiences that meet it, and others that do not.
BOUNDS: list[tuple[Condition, list[Row], list[Row]]] = [
    (Condition(), [Row(), Row(regime="CRISIS", td_error=-3.0)], []),
    (Condition(priority_from=0.5), [Row(0.5), Row(9.0)], [Row(np.nextafter(0.5, 0))]),
    (Condition(priority_below=0.5), [Row(np.nextafter(0.5, 0))], [Row(0.5), Row(9.0)]),
    (Condition(priority_from=0.5, priority_below=1.0), [Row(0.5)], [Row(1.0), Row(0.4)]),
    (
        Condition(td_error_from=2.0),
        [Row(td_error=2.0), Row(td_error=-2.0), Row(td_error=-7.0)],
        [Row(td_error=None), Row(td_error=1.9), Row(td_error=-1.9)],
    ),
    (Condition(td_error_from=0.0), [Row(td_error=0.0)], [Row(td_error=None)]),
    (Condition(age_from_s=60.0), [Row(age_s=60.0)], [Row(age_s=59.9), Row(age_s=-1.0)]),
    (Condition(age_below_s=60.0), [Row(age_s=59.9), Row(age_s=-1.0)], [Row(age_s=60.0)]),
    (Condition(rarity_from=3.0), [Row(rarity=3.0)], [Row(rarity=2.9), Row()]),
    (Condition(draws_from=2), [Row(draws=2), Row(draws=3)], [Row(draws=1), Row()]),
    (
        Condition(regimes=frozenset({"CRISIS", "VOLATILE"})),
        [Row(regime="CRISIS"), Row(regime="VOLATILE")],
        [Row(regime="TRENDING"), Row(regime=None)],
    ),
    (Condition(regimes=frozenset({"RANGING"})), [], [Row(regime=one) for one in (*REGIMES, None)]),
]  # fmt: skip


@pytest.mark.parametrize(("condition", "inside", "outside"), BOUNDS)
def test_a_bound_takes_what_lies_on_it_or_not(
    condition: Condition, inside: list[Row], outside: list[Row]
) -> None:
    found = holds(condition, facts([*inside, *outside]), REGIMES)
    assert found.dtype == np.bool_
    assert found.tolist() == [True] * len(inside) + [False] * len(outside)


def test_every_bound_is_tried_above() -> None:
    tried = {
        field.name
        for condition, _, _ in BOUNDS
        for field in fields(Condition)
        if getattr(condition, field.name) is not None
    }
    assert tried == {field.name for field in fields(Condition)}


@pytest.mark.parametrize("bound", [0.1, 0.7])
def test_td_errors_of_float32_are_compared_as_the_numbers_they_are(bound: float) -> None:
    """float32 has neither 0.1 nor 0.7: the one next to 0.1 lies above it, that of 0.7 below."""
    rows = facts([Row(td_error=bound)], single=True)
    found = holds(Condition(td_error_from=bound), rows, REGIMES)
    assert found.tolist() == [float(np.float32(bound)) >= bound]


@PATIENT
@given(conditions(), ROWS)
def test_a_condition_holds_where_plain_python_says_so(
    condition: Condition, rows: list[Row]
) -> None:
    found = holds(condition, facts(rows), REGIMES)
    assert found.tolist() == [tier_oracle.meets(condition, row) for row in rows]


@PATIENT
@given(six_tiers(), ROWS)
def test_admission_is_what_plain_python_says(tiers: tuple[Tier, ...], rows: list[Row]) -> None:
    found = admitted(tiers, facts(rows), REGIMES)
    assert found.dtype == np.int8
    assert found.tolist() == [tier_oracle.entered(tiers, row) for row in rows]


@PATIENT
@given(six_tiers(), st.data(), ROWS)
def test_moves_are_what_plain_python_says(
    tiers: tuple[Tier, ...], data: st.DataObject, rows: list[Row]
) -> None:
    at = data.draw(st.lists(st.integers(0, 6), min_size=len(rows), max_size=len(rows)))
    current = np.array(at, np.int8)
    found = moved(tiers, current, facts(rows), REGIMES)
    assert found.dtype == np.int8
    assert found.tolist() == [
        tier_oracle.next_tier(tiers, tier, row) for tier, row in zip(at, rows, strict=True)
    ]
    assert current.tolist() == at


def six(**given: Tier) -> tuple[Tier, ...]:
    """Tiers named t1 to t6; those not given take all and hold 10."""
    return tuple(given.get(f"t{n}", Tier(f"t{n}", 10, 1.0)) for n in range(1, 7))


def test_the_highest_tier_that_admits_takes_it() -> None:
    tiers = six(
        t1=Tier("t1", 10, 1.0, Condition()),
        t3=Tier("t3", 10, 1.0, Condition(rarity_from=2.0)),
        t5=Tier("t5", 0, 1.0, Condition()),
    )
    rows = facts([Row(), Row(rarity=2.0)])
    assert admitted(tiers, rows, REGIMES).tolist() == [1, 3]


def test_what_no_tier_admits_is_refused() -> None:
    tiers = six(t2=Tier("t2", 10, 1.0, Condition(priority_from=5.0)))
    assert admitted(tiers, facts([Row(4.0), Row(5.0)]), REGIMES).tolist() == [0, 2]


def test_the_first_move_that_holds_counts_and_only_one_a_pass() -> None:
    onward = (Move(3, Condition(draws_from=2)), Move(2, Condition(draws_from=1)))
    tiers = six(
        t1=Tier("t1", 10, 1.0, Condition(), onward),
        t2=Tier("t2", 10, 1.0, None, (Move(3, Condition()),)),
    )
    rows = facts([Row(draws=0), Row(draws=1), Row(draws=2)])
    once = moved(tiers, np.array([1, 1, 1], np.int8), rows, REGIMES)
    assert once.tolist() == [1, 2, 3]
    assert moved(tiers, once, rows, REGIMES).tolist() == [1, 3, 3]
