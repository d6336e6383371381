"""What the regime rule takes and carries, and what the regime flows hand out; times are UTC."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias

RegimeLabel: TypeAlias = Literal["TRENDING", "RANGING", "VOLATILE", "CRISIS"]
#: Sum of weighted values and sum of weights; their quotient is the mean (0.0, 0.0: of nothing).
Ewma: TypeAlias = tuple[float, float]


@dataclass(frozen=True, slots=True)
class RegimeCandle:
    """A candle as the rule sees it: its bucket [timestamp, end), prices in quote currency.

    `traded` is False for a bucket that is known to have no trade, at the previous close;
    `complete` is False when trades of the bucket may be missing.
    """

    timestamp: datetime
    end: datetime
    high: float
    close: float
    traded: bool = True
    complete: bool = True


@dataclass(frozen=True, slots=True)
class RegimeState:
    """What the rule carries from candle to candle; a JSON document holds all of it.

    `through` is the end of the last candle, `candles` the number taken in since the state began
    (`filled` of them without a trade, `incomplete` of them with trades that may be missing).
    `returns` are the last log returns, oldest first. `highs` are (candle number, high) of the
    drawdown window, each higher than all after it. `pending` is the label that would replace
    `label`, `held` for how many candles in a row it would have.
    """

    through: datetime | None = None
    candles: int = 0
    filled: int = 0
    incomplete: int = 0
    close: float | None = None
    returns: tuple[float, ...] = ()
    short: Ewma = (0.0, 0.0)
    long: Ewma = (0.0, 0.0)
    highs: tuple[tuple[int, float], ...] = ()
    spreads: int = 0
    spread_short: Ewma = (0.0, 0.0)
    spread_long: Ewma = (0.0, 0.0)
    label: RegimeLabel | None = None
    since: datetime | None = None
    pending: RegimeLabel | None = None
    held: int = 0

    def document(self) -> dict[str, Any]:
        """As JSON; float64 survives it exactly."""
        return {
            name: value.isoformat() if isinstance(value, datetime) else value
            for name, value in asdict(self).items()
        }

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> RegimeState:
        """From JSON; an empty document is the state before the first candle."""
        found: dict[str, Any] = dict(document)
        for name in ("through", "since"):
            if found.get(name) is not None:
                found[name] = datetime.fromisoformat(found[name])
        for name in ("returns", "short", "long", "spread_short", "spread_long"):
            if name in found:
                found[name] = tuple(map(float, found[name]))
        if "highs" in found:
            found["highs"] = tuple((int(one[0]), float(one[1])) for one in found["highs"])
        if found.get("close") is not None:
            found["close"] = float(found["close"])
        return cls(**found)


@dataclass(frozen=True, slots=True)
class RegimeFeatures:
    """The numbers that decide, at the end of a candle; `RegimeRule` has their formulas.

    volatility and long_volatility: log return per candle (0.001 is 0.1 %); trend: -1 to 1, its
    sign that of the move; drawdown: fraction of the high; drawdown_sigmas: in standard deviations;
    spread_bps: basis points of the mid. Ratios are pure numbers.
    """

    volatility: float
    long_volatility: float
    volatility_ratio: float
    trend: float
    drawdown: float
    drawdown_sigmas: float
    spread_bps: float | None
    spread_ratio: float | None
    candles: int
    filled: int
    incomplete: int


@dataclass(frozen=True, slots=True)
class Regime:
    """A stretch of one regime: in force from `since` until the next begins.

    `since` is the end of the candle with which it became known; `confidence` and `features` are
    of that moment. `duration_minutes` are whole minutes from `since` to where it was last seen.
    """

    regime_id: int
    symbol: str
    exchange: str
    interval: str
    label: RegimeLabel
    since: datetime
    confidence: float
    duration_minutes: int
    features: Mapping[str, Any]
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class WatchedRegimes:
    """An instrument whose regimes are reckoned on candles of an interval.

    `through` is the end of the last candle taken in; `regime` the one in force, None before the
    first and where nothing was seen for longer than the rule bridges. Changes before
    `announced_from` make no event. `stopped_at` is None while it is watched.
    """

    symbol: str
    exchange: str
    interval: str
    through: datetime | None
    regime: Regime | None
    rule: Mapping[str, Any]
    created_at: datetime
    announced_from: datetime
    updated_at: datetime | None
    stopped_at: datetime | None


@dataclass(frozen=True, slots=True)
class RegimeUpdate:
    """What an update took in for one watched instrument: candles, and regimes that began."""

    symbol: str
    exchange: str
    interval: str
    candles: int
    regimes: int
    through: datetime | None
