"""The regime rule as a pure function: its numbers, its labels, when they change."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, replace
from itertools import pairwise
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cryptoscalp import InputError
from cryptoscalp.adaptation.regime_fold import fold
from cryptoscalp.adaptation.regime_rule import MOST, RegimeRule
from cryptoscalp.adaptation.regime_types import (
    RegimeCandle,
    RegimeFeatures,
    RegimeLabel,
    RegimeState,
)
from tests.adaptation.regime_candles import MINUTE, QUICK, STORY, bars, closes, ewm, replayed, seen
from tests.faces import NOON


def one(minute: int, close: float, high: float | None = None, **more: Any) -> RegimeCandle:
    at = NOON + minute * MINUTE
    return RegimeCandle(at, at + MINUTE, high or close, close, **more)


def state_after(prices: list[float], rule: RegimeRule = QUICK) -> RegimeState:
    return fold(rule, RegimeState(), ((c, None) for c in seen(bars(prices)))).state


def calm(**changes: float | None) -> RegimeFeatures:
    numbers: dict[str, Any] = {
        "volatility": 0.001, "long_volatility": 0.001, "volatility_ratio": 0.0, "trend": 0.0,
        "drawdown": 0.0, "drawdown_sigmas": 0.0, "spread_bps": None, "spread_ratio": None,
        "candles": 99, "filled": 0, "incomplete": 0,
    }  # fmt: skip
    return RegimeFeatures(**{**numbers, **changes})


@pytest.mark.parametrize("count", [31, 90, 200, 307])
def test_each_number_is_what_its_formula_says(count: int) -> None:
    prices = closes()[:count]
    candles = seen(bars(prices))
    spreads = [1 + (n * 7919 % 13) / 4 for n in range(count)]
    result = fold(QUICK, RegimeState(), zip(candles, spreads, strict=True))
    found = QUICK.features(result.state, spreads[-1])
    moves = [math.log(b.close / a.close) for a, b in pairwise(candles)]
    squares = [move * move for move in moves]
    high = max(c.high for c in candles[-QUICK.drawdown_window :])
    last = moves[-QUICK.trend_window :]
    long = math.sqrt(ewm(squares[: -QUICK.trend_window], QUICK.long_half_life))
    window = min(count, QUICK.drawdown_window)
    expected = {
        "volatility": math.sqrt(ewm(squares, QUICK.short_half_life)),
        "long_volatility": long,
        "volatility_ratio": math.sqrt(ewm(squares, QUICK.short_half_life)) / long,
        "trend": math.log(candles[-1].close / candles[-13].close) / sum(map(abs, last)),
        "drawdown": 1 - prices[-1] / high,
        "drawdown_sigmas": math.log(high / prices[-1]) / (long * math.sqrt(window)),
        "spread_bps": spreads[-1],
        "spread_ratio": ewm(spreads, QUICK.short_half_life) / ewm(spreads, QUICK.long_half_life),
        "candles": count, "filled": 0, "incomplete": 0,
    }  # fmt: skip
    assert asdict(found) == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_the_story_has_every_label_where_it_belongs() -> None:
    found = replayed(QUICK, ((c, None) for c in seen(bars(closes()))))
    labels = [label for _, label, _, _ in found]
    assert set(labels) == set(get_args(RegimeLabel))
    ends = [sum(part[0] for part in STORY[: n + 1]) for n in range(len(STORY))]

    def within(label: str, first: int, last: int) -> bool:
        return any(name == label and NOON + first * MINUTE < since <= NOON + last * MINUTE
                   for since, name, _, _ in found)  # fmt: skip

    assert within("TRENDING", ends[0], ends[1])
    assert within("VOLATILE", ends[2], ends[3])
    assert within("CRISIS", ends[4], ends[5])
    assert labels.count("CRISIS") == 1
    assert labels[-1] != "CRISIS"
    assert all(0 <= sure <= 1 for _, _, sure, _ in found)


@pytest.mark.parametrize(
    ("features", "label"),
    [
        (calm(), "RANGING"),
        (calm(trend=QUICK.trend_efficiency), "TRENDING"),
        (calm(trend=-QUICK.trend_efficiency), "TRENDING"),
        (calm(volatility_ratio=QUICK.volatile_ratio, trend=0.9), "VOLATILE"),
        (calm(volatility_ratio=1.5, drawdown_sigmas=QUICK.crisis_drawdown), "CRISIS"),
        (calm(volatility_ratio=1.5, spread_ratio=QUICK.crisis_spread), "CRISIS"),
        (calm(drawdown_sigmas=99.0, spread_ratio=99.0), "RANGING"),
        (calm(volatility_ratio=MOST, drawdown_sigmas=MOST, spread_ratio=MOST), "CRISIS"),
    ],
)
def test_the_first_label_that_holds_counts(features: RegimeFeatures, label: str) -> None:
    members = QUICK.memberships(features)
    assert list(members) == ["CRISIS", "VOLATILE", "TRENDING", "RANGING"]
    assert next(name for name, member in members.items() if member >= 0.5) == label


@given(
    *[st.floats(0, MOST)] * 2, st.floats(-1, 1), st.none() | st.floats(0, MOST), st.floats(1, 10)
)
def test_confidence_is_half_at_a_threshold_and_grows_beyond(
    ratio: float, sigmas: float, trend: float, spread: float | None, more: float
) -> None:
    features = calm(
        volatility_ratio=ratio, drawdown_sigmas=sigmas, trend=trend, spread_ratio=spread
    )
    members = QUICK.memberships(features)
    assert all(0 <= member <= 1 for member in members.values())
    assert max(members.values()) >= 0.5
    assert sum(member > 0.5 for member in members.values()) <= 1
    wilder = QUICK.memberships(replace(features, volatility_ratio=min(ratio * more, MOST)))
    assert wilder["VOLATILE"] >= members["VOLATILE"]
    assert wilder["CRISIS"] >= members["CRISIS"]
    assert wilder["RANGING"] <= members["RANGING"]
    deeper = QUICK.memberships(replace(features, drawdown_sigmas=min(sigmas * more, MOST)))
    assert deeper["CRISIS"] >= members["CRISIS"]
    at = calm(volatility_ratio=QUICK.volatile_ratio)
    assert QUICK.memberships(at)["VOLATILE"] == QUICK.memberships(at)["RANGING"] == 0.5


#: Whole ticks: moves far above what float64 rounds off.
_PRICES = st.lists(st.integers(1, 10**6).map(lambda n: n / 100), min_size=40, max_size=90)


@given(_PRICES, st.integers(-40, 40))
@settings(max_examples=50)
def test_prices_times_a_power_of_two_change_nothing_at_all(prices: list[float], by: int) -> None:
    scaled = [price * 2.0**by for price in prices]
    made = [_steps([one(n, price) for n, price in enumerate(some)]) for some in (prices, scaled)]
    assert made[0] == made[1]


def _steps(candles: list[RegimeCandle]) -> list[Any]:
    state, made = RegimeState(), []
    for candle in candles:
        state, features, label, confidence = QUICK.step(state, candle, None)
        made.append((features, label, confidence))
    return made


@given(_PRICES, st.floats(1e-12, 1e12))
@settings(max_examples=50)
def test_prices_times_a_constant_change_no_number(prices: list[float], by: float) -> None:
    for (found, *_), (scaled, *_) in zip(
        _steps([one(n, price) for n, price in enumerate(prices)]),
        _steps([one(n, price * by) for n, price in enumerate(prices)]),
        strict=True,
    ):
        numbers = {name: one for name, one in asdict(found).items() if one is not None}
        assert {name: asdict(scaled)[name] for name in numbers} == pytest.approx(
            numbers, rel=1e-6, abs=1e-6
        )


@given(st.integers(0, 10**6), st.integers(1, 300))
@settings(max_examples=30, deadline=None)
def test_a_state_goes_through_json_and_on_as_if_nothing_had_been(seed: int, cut: int) -> None:
    taken = [
        (c, None if n % 9 == 0 else 1.0 + n % 5) for n, c in enumerate(seen(bars(closes(seed))))
    ]
    whole = fold(QUICK, RegimeState(), taken)
    first = fold(QUICK, RegimeState(), taken[:cut])
    again = RegimeState.of_document(json.loads(json.dumps(first.state.document())))
    assert again == first.state
    rest = fold(QUICK, again, taken[cut:])
    assert rest.state == whole.state
    assert [s.since for s in first.spells + rest.spells] == [s.since for s in whole.spells]


def test_a_label_has_to_hold_but_crisis_counts_at_once() -> None:
    slow = replace(QUICK, confirm=8)
    taken = [(c, None) for c in seen(bars(closes()))]
    quick, steady = fold(QUICK, RegimeState(), taken), fold(slow, RegimeState(), taken)
    assert len(steady.spells) < len(quick.spells)
    for rule, result in ((QUICK, quick), (slow, steady)):
        for spell, following in pairwise(result.spells):
            if following.label != "CRISIS":
                assert (spell.until - spell.since) / MINUTE >= rule.confirm
    crash = next(s for s in quick.spells if s.label == "CRISIS")
    assert crash.since == next(s for s in steady.spells if s.label == "CRISIS").since
    assert crash.confidence >= 0.5


def test_no_label_before_the_warm_up_and_the_first_one_at_once() -> None:
    made = _steps(seen(bars(closes()))[:31])
    assert [label for _, label, _ in made][:29] == [None] * 29
    assert made[29][1] is not None
    assert made[0][0].volatility == 0


def test_small_gaps_are_candles_without_a_move_and_long_ones_begin_anew() -> None:
    prices = closes()[:100]
    whole = seen(bars(prices))
    for gap in (1, QUICK.max_gap):
        lacking = state_after_gap(whole, gap)
        still = [replace(c, close=whole[59].close, high=whole[59].close, traded=False)
                 for c in whole[60 : 60 + gap]]  # fmt: skip
        known = fold(
            QUICK, RegimeState(), ((c, None) for c in [*whole[:60], *still, *whole[60 + gap :]])
        )
        assert lacking.candles == known.state.candles == 100
        assert lacking.filled == known.state.filled == gap
        assert (lacking.returns, lacking.short, lacking.long, lacking.highs) == (
            known.state.returns, known.state.short, known.state.long, known.state.highs,
        )  # fmt: skip
    anew = state_after_gap(whole, QUICK.max_gap + 1)
    rest = whole[61 + QUICK.max_gap :]
    assert anew == fold(QUICK, RegimeState(), ((c, None) for c in rest)).state


def state_after_gap(candles: list[RegimeCandle], gap: int) -> RegimeState:
    taken = [*candles[:60], *candles[60 + gap :]]
    return fold(QUICK, RegimeState(), ((c, None) for c in taken)).state


def test_a_market_that_stood_still_is_ranging_and_its_first_move_is_not() -> None:
    still = ((one(n, 100.0), None) for n in range(50))
    state = fold(QUICK, RegimeState(), still).state
    assert state.label == "RANGING"
    features = QUICK.features(state, None)
    assert (features.volatility_ratio, features.trend, features.drawdown_sigmas) == (1, 0, 0)
    moved = QUICK.step(state, one(50, 90.0, 100.0), None)
    assert moved.label == "CRISIS"
    assert moved.features is not None
    assert moved.features.volatility_ratio == MOST


def test_nothing_begins_with_a_bucket_without_a_trade() -> None:
    step = QUICK.step(RegimeState(), one(0, 100.0, traded=False), 1.0)
    assert step == (RegimeState(through=NOON + MINUTE), None, None, None)


@pytest.mark.parametrize(
    ("candle", "spread", "told"),
    [
        (one(1, 100.0), None, "begins before"),
        (one(2, -1.0), None, "must be above zero"),
        (one(2, math.nan), None, "must be above zero"),
        (one(2, 1.0, math.inf), None, "must be above zero"),
        (one(2, 2.0, 1.0), None, "above its high"),
        (one(2, 1.0), -1.0, "spread -1.0 bps"),
        (one(2, 1.0), math.nan, "spread nan bps"),
        (replace(one(2, 1.0), end=NOON), None, "does not end"),
    ],
)
def test_what_is_no_candle_is_refused(
    candle: RegimeCandle, spread: float | None, told: str
) -> None:
    state = state_after([100.0, 101.0])
    with pytest.raises(InputError, match=told):
        QUICK.step(state, candle, spread)


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ({"confirm": 0}, "confirm 0 must be 1 or more"),
        ({"confirm": 2.5}, "whole number"),
        ({"confirm": True}, "whole number"),
        ({"volatile_ratio": math.nan}, "between"),
        ({"volatile_ratio": "high"}, "must be a number"),
        ({"volatile_ratio": 0}, "between"),
        ({"short_half_life": 480}, "below long_half_life"),
        ({"trend_efficiency": 1}, "below 1"),
        ({"warm_up": 61}, "warm_up must exceed"),
        ({"max_gap": 1001}, "max_gap must be 1,000 or less"),
        ({"drawdown_window": 100_001}, "100,000 or less"),
        ({"colour": 1}, "no parameter colour"),
        ({"version": 2}, "is not known here"),
    ],
)
def test_odd_parameters_are_refused(parameters: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError, match=told):
        RegimeRule.of_document(parameters)


def test_a_rule_goes_through_json() -> None:
    assert RegimeRule.of_document(json.loads(json.dumps(QUICK.document()))) == QUICK
    assert RegimeRule.of_document({}) == RegimeRule()
