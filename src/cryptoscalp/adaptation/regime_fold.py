"""Candles in a row to regimes, without a database: what an update stores, and a replay shows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from cryptoscalp.adaptation.regime_rule import RegimeRule
from cryptoscalp.adaptation.regime_types import (
    RegimeCandle,
    RegimeFeatures,
    RegimeLabel,
    RegimeState,
)


@dataclass(slots=True)
class Spell:
    """A regime from the candle with which it became known; `until` is where it was last seen."""

    since: datetime
    label: RegimeLabel
    confidence: float
    features: RegimeFeatures
    until: datetime


@dataclass(slots=True)
class Folded:
    """Where candles led to: the state after them, and the regimes that began in them.

    `seen` is where the regime in force before them was last seen; None where it was not.
    """

    rule: RegimeRule
    state: RegimeState
    seen: datetime | None = None
    spells: list[Spell] = field(default_factory=list)

    def documents(self) -> list[dict[str, Any]]:
        """The spells as JSON, as `record_regimes` takes them."""
        return [
            {
                "timestamp": one.since.isoformat(),
                "regime_type": one.label,
                "confidence": one.confidence,
                "features": {**asdict(one.features), "rule": self.rule.document()},
                "until": one.until.isoformat(),
            }
            for one in self.spells
        ]

    def _reach(self, until: datetime) -> None:
        if self.spells:
            self.spells[-1].until = until
        else:
            self.seen = until


def fold(
    rule: RegimeRule, state: RegimeState, taken: Iterable[tuple[RegimeCandle, float | None]]
) -> Folded:
    """Candles in order, each with the spread at its end in basis points, through the rule."""
    result = Folded(rule, state)
    for candle, spread_bps in taken:
        before = result.state
        result.state, features, label, confidence = rule.step(before, candle, spread_bps)
        if before.label is not None and label is not None:
            # A regime is in force until the next begins; a state that began anew has no label.
            result._reach(candle.end)
        if label is not None and result.state.since != before.since:
            assert features is not None
            assert confidence is not None
            result.spells.append(Spell(candle.end, label, confidence, features, candle.end))
    return result
