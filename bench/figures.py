"""Figures, the bars they are held against, and how a run of them is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import numpy as np

#: What a latency is described by; a mean would hide the calls that wait.
PERCENTILES: Final = (("p50", 50.0), ("p99", 99.0), ("p99.9", 99.9))


@dataclass(frozen=True, slots=True)
class Bar:
    """A limit on the figure itself, or on its ratio to the peer's."""

    on: Literal["figure", "ratio"]
    sense: Literal["≥", "≤", "<"]
    limit: float

    def met_by(self, measured: float) -> bool:
        """Whether a measured value keeps to the limit."""
        match self.sense:
            case "≥":
                return measured >= self.limit
            case "≤":
                return measured <= self.limit
            case "<":
                return measured < self.limit


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number, with the peer's from the same run where there is a peer."""

    name: str
    value: float
    unit: str
    peer: float | None = None
    bars: tuple[Bar, ...] = ()
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """The figure over the peer's."""
        return None if self.peer is None else self.value / self.peer

    def verdicts(self) -> list[tuple[Bar, bool]]:
        """Each bar and whether it is met."""
        found = []
        for bar in self.bars:
            measured = self.value if bar.on == "figure" else self.ratio
            assert measured is not None, f"{self.name}: a bar on the ratio needs a peer"
            found.append((bar, bar.met_by(measured)))
        return found

    def as_json(self) -> dict[str, Any]:
        """The figure with its ratio and the outcome of each bar."""
        return {
            "name": self.name,
            "value": self.value,
            "unit": self.unit,
            "peer": self.peer,
            "ratio": self.ratio,
            "bars": [
                {"on": bar.on, "sense": bar.sense, "limit": bar.limit, "met": met}
                for bar, met in self.verdicts()
            ],
            "note": self.note,
        }


@dataclass(frozen=True, slots=True)
class Section:
    """What one benchmark measured: through which driver, against which peer, on which server."""

    name: str
    driver: str
    peer: str
    settings: Mapping[str, str]
    figures: Sequence[Figure]
    seconds: float = 0.0
    detail: Mapping[str, Any] = field(default_factory=dict)


def percentiles(seconds: Sequence[float]) -> dict[str, float]:
    """p50, p99 and p99.9 of some latencies, in their unit; each is a value that was measured."""
    return {
        name: float(np.percentile(seconds, share, method="higher")) for name, share in PERCENTILES
    }


def latency(
    name: str,
    ours: Sequence[float],
    peer: Sequence[float] | None,
    bars: Mapping[str, tuple[Bar, ...]],
    *,
    unit: Literal["µs", "ms"] = "µs",
) -> list[Figure]:
    """The percentiles of latencies (given in seconds) as figures; `bars` by percentile."""
    scale = {"µs": 1e6, "ms": 1e3}[unit]
    theirs = percentiles(peer) if peer is not None else {}
    return [
        Figure(
            f"{name}, {which}",
            value * scale,
            unit,
            theirs[which] * scale if theirs else None,
            bars.get(which, ()),
        )
        for which, value in percentiles(ours).items()
    ]
