"""The rule that labels market regimes, one candle at a time; `docs/regimes.md` explains it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from typing import Any, Final, NamedTuple

from cryptoscalp.adaptation.regime_types import (
    Ewma,
    RegimeCandle,
    RegimeFeatures,
    RegimeLabel,
    RegimeState,
)
from cryptoscalp.infra.db.errors import InputError

NAME: Final = "volatility-trend-drawdown"
VERSION: Final = 1
#: A ratio to something that does not move at all is shown as this.
MOST: Final = 1_000.0
#: More buckets without a candle than this no rule may bridge: an update reads further at once.
MOST_GAP: Final = 1_000


class Step(NamedTuple):
    """What a candle leads to. `label` is the regime in force after it, None before the first."""

    state: RegimeState
    features: RegimeFeatures | None
    label: RegimeLabel | None
    confidence: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RegimeRule:
    """Parameters of the rule; lengths are in candles, whatever their interval.

    With r = ln(close / previous close), float64 throughout:

    - volatility: sqrt(EWMA of r²), each r² weighing 2^(-age / short_half_life)
      (RiskMetrics Technical Document, J.P. Morgan 1996, section 5.2; normalised by the sum of
      weights); long_volatility the same with long_half_life over all r but the last trend_window,
      so that a shock is not measured by itself; volatility_ratio their quotient
    - trend: sum(r) / sum(|r|) of the last trend_window candles; its size is Kaufman's efficiency
      ratio (Trading Systems and Methods) on log prices: 1 for a straight line, about
      1 / sqrt(trend_window) for a random walk
    - drawdown: 1 - close / highest high of the last drawdown_window candles; drawdown_sigmas:
      ln(high / close) / (long_volatility · sqrt(drawdown_window)), for a driftless random walk
      the size of a standard normal number (reflection principle)
    - spread_ratio: EWMA of spread_bps with short_half_life over that with long_half_life, from
      trend_window quotes on; None at a candle without a quote

    With c(x, t) = x² / (x² + t²), 0.5 at the threshold t, stress = max of c(drawdown_sigmas,
    crisis_drawdown) and c(spread_ratio, crisis_spread), unrest = c(volatility_ratio,
    volatile_ratio) and straight = c(|trend|, trend_efficiency), each label has a membership
    (fuzzy and, or, not as minimum, maximum and 1 - x: Zadeh, Fuzzy Sets, 1965):

        CRISIS min(unrest, stress)          TRENDING min(1 - unrest, straight)
        VOLATILE min(unrest, 1 - stress)    RANGING min(1 - unrest, 1 - straight)

    The first in the order CRISIS, VOLATILE, TRENDING, RANGING with 0.5 or more is the label of
    the candle. It becomes the regime once it has been that of `confirm` candles in a row; CRISIS,
    and the first one after `warm_up` candles, at once. The confidence is the membership of the
    regime in force. Up to max_gap buckets without a candle count as candles without a move;
    after more of them the state begins anew, without a regime.
    """

    short_half_life: float = 20.0
    long_half_life: float = 480.0
    trend_window: int = 60
    drawdown_window: int = 240
    volatile_ratio: float = 1.5
    trend_efficiency: float = 0.25
    crisis_drawdown: float = 4.0
    crisis_spread: float = 5.0
    confirm: int = 5
    warm_up: int = 240
    max_gap: int = 30

    def __post_init__(self) -> None:
        least = {"trend_window": 2, "max_gap": 0}
        for name, value in asdict(self).items():
            if isinstance(RegimeRule.__dataclass_fields__[name].default, int):
                if isinstance(value, bool) or not isinstance(value, int):
                    raise InputError(f"{name} {value!r} must be a whole number of candles")
                if value < least.get(name, 1):
                    raise InputError(f"{name} {value} must be {least.get(name, 1)} or more")
            elif isinstance(value, bool) or not isinstance(value, int | float):
                raise InputError(f"{name} {value!r} must be a number")
            elif not 1e-6 <= value <= 1e6:
                raise InputError(f"{name} {value} must be between 0.000001 and 1,000,000")
        for wrong, message in (
            (self.short_half_life >= self.long_half_life,
             "short_half_life must be below long_half_life"),
            (self.trend_efficiency >= 1, "trend_efficiency must be below 1"),
            (self.warm_up <= self.trend_window + 1,
             "warm_up must exceed trend_window by two candles, which long_volatility needs"),
            (self.max_gap > MOST_GAP, f"max_gap must be {MOST_GAP:,} or less"),
            (max(self.trend_window, self.drawdown_window) > 100_000,
             "trend_window and drawdown_window must be 100,000 or less"),
        ):  # fmt: skip
            if wrong:
                raise InputError(f"{message}: {self}")

    def document(self) -> dict[str, Any]:
        """Name, version and parameters as JSON."""
        return {"name": NAME, "version": VERSION, **asdict(self)}

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> RegimeRule:
        """The rule of a document; InputError where it is another rule's or has odd parameters."""
        given = dict(document)
        named = given.pop("name", NAME), given.pop("version", VERSION)
        if named != (NAME, VERSION):
            raise InputError(
                f"regime rule {named[0]!r} version {named[1]} is not known here, {NAME!r} version"
                f" {VERSION} is; unwatch the instrument and watch it again"
            )
        known = [field.name for field in fields(cls)]
        if odd := sorted(set(given) - set(known)):
            raise InputError(
                f"the regime rule has no parameter {', '.join(odd)}; it has {', '.join(known)}"
            )
        return cls(**given)

    def step(self, state: RegimeState, candle: RegimeCandle, spread_bps: float | None) -> Step:
        """Take in the next candle, with the spread at its end; the given state stays as it is.

        Raises InputError for a candle that does not follow, or with prices or a spread that are
        none.
        """
        _check(state, candle, spread_bps)
        missing = 0
        if state.through is not None:
            missing = (candle.timestamp - state.through) // (candle.end - candle.timestamp)
        if missing > self.max_gap:
            state, missing = RegimeState(), 0
        if state.close is None and not candle.traded:
            return Step(RegimeState(through=candle.end), None, None, None)
        for _ in range(missing):
            state = self._moved(state, state.close, state.close)
        if candle.traded:
            state = self._moved(state, candle.high, candle.close)
        else:
            state = self._moved(state, state.close, state.close)
            missing += 1
        short, long, spreads = state.spread_short, state.spread_long, state.spreads
        if spread_bps is not None:
            short = _with(short, spread_bps, self.short_half_life)
            long = _with(long, spread_bps, self.long_half_life)
            spreads += 1
        state = replace(
            state,
            through=candle.end,
            filled=state.filled + missing,
            incomplete=state.incomplete + (candle.traded and not candle.complete),
            spreads=spreads,
            spread_short=short,
            spread_long=long,
        )
        features = self.features(state, spread_bps)
        if state.candles < self.warm_up:
            return Step(state, features, None, None)
        members = self.memberships(features)
        state = self._labelled(state, members, candle.end)
        assert state.label is not None
        return Step(state, features, state.label, members[state.label])

    def features(self, state: RegimeState, spread_bps: float | None) -> RegimeFeatures:
        """The numbers of a state that has taken in a candle."""
        assert state.close is not None
        volatility, long = math.sqrt(_mean(state.short)), math.sqrt(_mean(state.long))
        way = sum(map(abs, state.returns))
        high = state.highs[0][1]
        window = min(state.candles, self.drawdown_window)
        spread_ratio = None
        if spread_bps is not None and state.spreads >= self.trend_window:
            spread_ratio = _ratio(_mean(state.spread_short), _mean(state.spread_long))
        return RegimeFeatures(
            volatility=volatility,
            long_volatility=long,
            volatility_ratio=_ratio(volatility, long),
            trend=math.fsum(state.returns) / way if way else 0.0,
            drawdown=1 - state.close / high,
            drawdown_sigmas=_ratio(math.log(high / state.close), long * math.sqrt(window), 0.0),
            spread_bps=spread_bps,
            spread_ratio=spread_ratio,
            candles=state.candles,
            filled=state.filled,
            incomplete=state.incomplete,
        )

    def memberships(self, features: RegimeFeatures) -> dict[RegimeLabel, float]:
        """How far each label holds, 0 to 1, in the order in which they are tried."""
        unrest = _beyond(features.volatility_ratio, self.volatile_ratio)
        straight = _beyond(abs(features.trend), self.trend_efficiency)
        stress = max(
            _beyond(features.drawdown_sigmas, self.crisis_drawdown),
            _beyond(features.spread_ratio or 0.0, self.crisis_spread),
        )
        return {
            "CRISIS": min(unrest, stress),
            "VOLATILE": min(unrest, 1 - stress),
            "TRENDING": min(1 - unrest, straight),
            "RANGING": min(1 - unrest, 1 - straight),
        }

    def _moved(self, state: RegimeState, high: float | None, close: float | None) -> RegimeState:
        assert high is not None
        assert close is not None
        number = state.candles + 1
        short, long, returns = state.short, state.long, state.returns
        if state.close is not None:
            change = math.log(close / state.close)
            short = _with(short, change * change, self.short_half_life)
            returns = (*returns, change)
            if len(returns) > self.trend_window:
                long = _with(long, returns[0] * returns[0], self.long_half_life)
                returns = returns[1:]
        kept = (
            one for one in state.highs if one[0] > number - self.drawdown_window and one[1] > high
        )
        return replace(
            state,
            candles=number,
            close=close,
            returns=returns,
            short=short,
            long=long,
            highs=(*kept, (number, high)),
        )

    def _labelled(
        self, state: RegimeState, members: Mapping[RegimeLabel, float], at: datetime
    ) -> RegimeState:
        found = next(label for label, member in members.items() if member >= 0.5)
        if found == state.label:
            return replace(state, pending=None, held=0) if state.held else state
        held = state.held + 1 if found == state.pending else 1
        if state.label is None or found == "CRISIS" or held >= self.confirm:
            return replace(state, label=found, since=at, pending=None, held=0)
        return replace(state, pending=found, held=held)


DEFAULT_RULE: Final = RegimeRule()


def _check(state: RegimeState, candle: RegimeCandle, spread_bps: float | None) -> None:
    if candle.end <= candle.timestamp:
        raise InputError(f"candle {candle.timestamp.isoformat()} does not end after it begins")
    if state.through is not None and candle.timestamp < state.through:
        raise InputError(
            f"candle {candle.timestamp.isoformat()} begins before {state.through.isoformat()},"
            " the end of the last one taken in; candles come in order"
        )
    prices = (candle.high, candle.close)
    if not all(math.isfinite(price) and price > 0 for price in prices):
        raise InputError(
            f"candle {candle.timestamp.isoformat()} has high {candle.high} and close"
            f" {candle.close}; prices must be above zero"
        )
    if candle.close > candle.high:
        raise InputError(
            f"candle {candle.timestamp.isoformat()} closes at {candle.close}, above its high"
            f" {candle.high}"
        )
    if spread_bps is not None and not (math.isfinite(spread_bps) and spread_bps >= 0):
        raise InputError(f"spread {spread_bps} bps must be zero or more")


def _with(ewma: Ewma, value: float, half_life: float) -> Ewma:
    decay = 0.5 ** (1 / half_life)
    return ewma[0] * decay + value, ewma[1] * decay + 1


def _mean(ewma: Ewma) -> float:
    return ewma[0] / ewma[1] if ewma[1] else 0.0


def _ratio(value: float, unit: float, of_nothing: float = 1.0) -> float:
    """value / unit, at most MOST; `of_nothing` where both are zero."""
    if value <= 0 and unit <= 0:
        return of_nothing
    return min(value / unit, MOST) if unit > value / MOST else MOST


def _beyond(value: float, threshold: float) -> float:
    square, limit = value * value, threshold * threshold
    return square / (square + limit)
