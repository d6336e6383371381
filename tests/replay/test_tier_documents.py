"""Tiers as JSON: there and back, and every way in which they can be wrong."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given

from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.replay.tier_checks import check_tiers
from cryptoscalp.replay.tier_documents import tiers_from_json, tiers_to_json
from cryptoscalp.replay.tier_types import Condition, Move, Overflow, Tier
from tests.replay.tier_strategies import PATIENT, six_tiers


@PATIENT
@given(six_tiers())
def test_tiers_come_back_as_they_were(tiers: tuple[Tier, ...]) -> None:
    text = json.dumps(tiers_to_json(tiers), allow_nan=False)
    assert tiers_from_json(json.loads(text)) == tiers


def six() -> list[dict[str, Any]]:
    """A document without a fault."""
    return [
        {"name": "recent", "capacity": 10, "weight": 1, "admit": {},
         "moves": [{"to": 2, "when": {"td_error_from": 0.5, "regimes": ["CRISIS"]}}]},
        {"name": "rare", "capacity": 10, "weight": 0.5, "overflow": "LOWEST_PRIORITY",
         "overflow_to": 1},
        *({"name": f"none {n}", "capacity": 0, "weight": 0} for n in (3, 4, 5, 6)),
    ]  # fmt: skip


def test_keys_that_are_left_out_have_their_defaults() -> None:
    unused = [Tier(f"none {n}", 0, 0.0) for n in (3, 4, 5, 6)]
    assert tiers_from_json(six()) == (
        Tier(
            "recent", 10, 1.0, Condition(),
            (Move(2, Condition(td_error_from=0.5, regimes=frozenset({"CRISIS"}))),),
        ),
        Tier("rare", 10, 0.5, None, (), Overflow.LOWEST_PRIORITY, 1),
        *unused,
    )  # fmt: skip


def test_a_document_has_the_given_bounds_only() -> None:
    first = tiers_to_json(tiers_from_json(six()))[0]
    assert first == {
        "name": "recent", "capacity": 10, "weight": 1.0, "admit": {},
        "moves": [{"to": 2, "when": {"td_error_from": 0.5, "regimes": ["CRISIS"]}}],
        "overflow": "OLDEST", "overflow_to": None,
    }  # fmt: skip


CIRCLE = "tier 1 (recent): overflow_to leads in a circle, 1 -> 2 -> 1; let one of them evict"
NO_WAY_IN = "admit: no tier with a capacity admits a new experience"


@pytest.mark.parametrize(
    ("number", "changed", "message"),
    [
        (1, {"size": 1}, "tier 1 (recent): there is no key size"),
        (1, {3: 1}, "tier 1 (recent): there is no key 3"),
        (1, {"admit": {"age": 1}}, "tier 1 (recent): there is no key admit.age"),
        (1, {"moves": [{"to": 2, "if": {}}]}, "tier 1 (recent): there is no key moves[0].if"),
        (1, {"moves": [{"to": 2, "when": {"x": 1}}]},
         "tier 1 (recent): there is no key moves[0].when.x"),
        (1, {"capacity": 1.0}, "tier 1 (recent): capacity: Expected `int`, got `float`"),
        (1, {"capacity": True}, "tier 1 (recent): capacity: Expected `int`, got `bool`"),
        (1, {"weight": "1"}, "tier 1 (recent): weight: Expected `float`, got `str`"),
        (1, {"weight": 10**400}, "tier 1 (recent): weight: Number out of range"),
        (1, {"name": 5}, "tier 1: name: Expected `str`, got `int`"),
        (1, {"admit": []}, "tier 1 (recent): admit: Expected `object | null`, got `array`"),
        (1, {"admit": {"draws_from": 0.5}},
         "tier 1 (recent): admit.draws_from: Expected `int | null`, got `float`"),
        (1, {"admit": {"regimes": "CRISIS"}},
         "tier 1 (recent): admit.regimes: Expected `array | null`, got `str`"),
        (1, {"moves": [{"when": {}}]},
         "tier 1 (recent): moves[0]: Object missing required field `to`"),
        (1, {"overflow": "NEWEST"}, "tier 1 (recent): overflow: Invalid enum value 'NEWEST'"),
        (3, {"name": ""}, "tier 3: name must not be empty"),
        (3, {"name": "rare"}, "tier 3 (rare): name is that of tier 2 too"),
        (2, {"capacity": -1}, "tier 2 (rare): capacity -1 must be 0 or more"),
        (2, {"weight": -0.1}, "tier 2 (rare): weight -0.1 must be a finite number, 0 or more"),
        (2, {"weight": math.nan}, "tier 2 (rare): weight nan must be a finite number, 0 or more"),
        (2, {"weight": math.inf}, "tier 2 (rare): weight inf must be a finite number, 0 or more"),
        (1, {"moves": [{"to": 1, "when": {}}]},
         "tier 1 (recent): moves[0].to 1 is the tier itself"),
        (1, {"moves": [{"to": 7, "when": {}}]},
         "tier 1 (recent): moves[0].to 7 must be a tier from 1 to 6"),
        (1, {"moves": [{"to": 2, "when": {}}, {"to": 3, "when": {}}]},
         "tier 1 (recent): moves[1].to 3 is a tier of capacity 0"),
        (2, {"overflow_to": 2}, "tier 2 (rare): overflow_to 2 is the tier itself"),
        (2, {"overflow_to": 0}, "tier 2 (rare): overflow_to 0 must be a tier from 1 to 6"),
        (2, {"overflow_to": 6}, "tier 2 (rare): overflow_to 6 is a tier of capacity 0"),
        (1, {"overflow_to": 2},
         f"{CIRCLE} (overflow_to null)"),
        (1, {"admit": {"rarity_from": math.inf}},
         "tier 1 (recent): admit.rarity_from inf must be a finite number"),
        (1, {"admit": {"age_from_s": 5, "age_below_s": 5}},
         "tier 1 (recent): admit.age_from_s 5.0 must be less than age_below_s 5.0"),
        (1, {"moves": [{"to": 2, "when": {"priority_from": 2, "priority_below": 1}}]},
         "tier 1 (recent): moves[0].when.priority_from 2.0 must be less than priority_below 1.0"),
        (1, {"admit": {"regimes": ["CRISIS", "X"]}},
         "tier 1 (recent): admit.regimes: 'X' is none of TRENDING, RANGING, VOLATILE, CRISIS"),
        (1, {"admit": {"regimes": []}},
         "tier 1 (recent): admit.regimes must name one at least; leave it out for any regime"),
        (1, {"admit": None},
         f"{NO_WAY_IN}; let tier 1 admit every one (admit: {{}})"),
    ],
)  # fmt: skip
def test_a_fault_names_the_tier_and_the_key(
    number: int, changed: dict[Any, Any], message: str
) -> None:
    document = six()
    document[number - 1] |= changed
    with pytest.raises(InputError) as caught:
        tiers_from_json(document)
    assert str(caught.value) == message


@pytest.mark.parametrize("key", ["name", "capacity", "weight"])
def test_some_keys_are_needed(key: str) -> None:
    document = six()
    del document[1][key]
    with pytest.raises(InputError, match=f"tier 2.*: Object missing required field `{key}`"):
        tiers_from_json(document)


@pytest.mark.parametrize("count", [0, 5, 7])
def test_there_are_six(count: int) -> None:
    document = (six() * 2)[:count]
    with pytest.raises(InputError, match=f"a replay buffer has 6 tiers, not {count}"):
        tiers_from_json(document)


@pytest.mark.parametrize("document", [None, "recent", {"tiers": []}])
def test_tiers_are_a_list(document: object) -> None:
    with pytest.raises(InputError, match="tiers must be a JSON array of objects, not "):
        tiers_from_json(document)


def test_a_tier_is_an_object() -> None:
    with pytest.raises(InputError, match="tier 2: Expected `object`, got `str`"):
        tiers_from_json([six()[0], "rare"])


def test_something_must_be_drawn() -> None:
    document = six()
    document[0]["weight"] = document[1]["weight"] = 0
    document[5]["weight"] = 1
    with pytest.raises(InputError, match="weight: all tiers with a capacity weigh 0"):
        tiers_from_json(document)


def test_the_weights_have_a_sum() -> None:
    document = six()
    document[0]["weight"] = document[1]["weight"] = 1.5e308
    with pytest.raises(InputError, match="weight: the sum of the weights"):
        tiers_from_json(document)


def test_tiers_made_in_python_are_checked_alike() -> None:
    tiers = tiers_from_json(six())
    check_tiers(tiers)
    with pytest.raises(InputError, match="a replay buffer has 6 tiers, not 5"):
        check_tiers(tiers[:5])
