"""Drift detectors: river's and PSI behind one protocol, each with a state of plain numbers.

A state is JSON below a digest; nothing of it is ever executed. A detector that goes on from its
state decides as one that never stopped: river's fields are stored one by one, ADWIN's buckets as
the bytes of its own serialization, which reads numbers only. Imported when it is needed: river
takes seconds to load.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
from collections import deque
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any, Final, Protocol

from river import drift

from cryptoscalp.adaptation.drift_types import Algorithm, Found
from cryptoscalp.adaptation.psi import PSI

#: States of another format are not read: the detector takes in its observations again.
FORMAT: Final = f"json-1/river-{version('river')}"
_DIGEST: Final = hashlib.sha256().digest_size


class UnreadableState(ValueError):
    """A stored state is damaged, or not one of this detector."""


class Detector(Protocol):
    """Takes in one number after the other and tells of each drift once.

    After a drift it begins anew with the next observation.
    """

    def update(self, value: float) -> Found | None:
        """Take in one finite number; what was found, where that is a drift."""
        ...

    def dump(self) -> Mapping[str, Any]:
        """All of its state, as JSON has it."""
        ...

    def load(self, state: Mapping[str, Any]) -> None:
        """Go on from a state that a detector of the same parameters had."""
        ...


class Adwin:
    """river's ADWIN (Bifet and Gavaldà 2007). It is made for values of about 0 to 1."""

    def __init__(self, **parameters: Any) -> None:
        self.inner = drift.ADWIN(**parameters)

    def update(self, value: float) -> Found | None:
        before, width = self.inner.estimation, self.inner.width
        self.inner.update(value)
        if not self.inner.drift_detected:
            return None
        after = self.inner.estimation
        return Found(abs(after - before), None, {
            "mean_before": before, "width_before": width, "mean": after, "width": self.inner.width,
        })  # fmt: skip

    def dump(self) -> Mapping[str, Any]:
        window = self.inner._helper.__getstate__()
        return {"drift": self.inner.drift_detected, "window": base64.b64encode(window).decode()}

    def load(self, state: Mapping[str, Any]) -> None:
        self.inner._helper.__setstate__(base64.b64decode(state["window"], validate=True))
        self.inner._drift_detected = bool(state["drift"])


class PageHinkley:
    """river's Page-Hinkley test (Page 1954). delta and threshold are in units of the signal."""

    _SUMS: Final = ("_sum_increase", "_sum_decrease", "_min_increase", "_max_decrease")

    def __init__(self, **parameters: Any) -> None:
        self.inner = drift.PageHinkley(**parameters)

    def update(self, value: float) -> Found | None:
        inner = self.inner
        mean, n = inner._x_mean.get(), inner._x_mean.n
        inner.update(value)
        if not inner.drift_detected:
            return None
        rise = inner._sum_increase - inner._min_increase
        fall = inner._max_decrease - inner._sum_decrease
        statistic = {"up": rise, "down": fall}.get(inner.mode, max(rise, fall))
        return Found(statistic, inner.threshold, {"mean_before": mean, "width_before": n,
                                                  "rise": rise, "fall": fall})  # fmt: skip

    def dump(self) -> Mapping[str, Any]:
        mean = self.inner._x_mean
        return {
            "drift": self.inner.drift_detected,
            "n": mean.n,
            "mean": mean._mean,
            # Before the first observation a minimum is infinite, which JSON cannot say.
            **{name: _finite_or_none(getattr(self.inner, name)) for name in self._SUMS},
        }

    def load(self, state: Mapping[str, Any]) -> None:
        self.inner._drift_detected = bool(state["drift"])
        self.inner._x_mean.n, self.inner._x_mean._mean = state["n"], state["mean"]
        for name in self._SUMS:
            stored = state[name]
            setattr(self.inner, name, math.inf if stored is None else stored)


class Kswin:
    """river's KSWIN (Raab, Heusinger, Schleif 2020); its draws are part of the state."""

    def __init__(self, **parameters: Any) -> None:
        self.inner = drift.KSWIN(**parameters)

    def update(self, value: float) -> Found | None:
        before = list(self.inner.window)
        self.inner.update(value)
        if not self.inner.drift_detected:
            return None
        after = list(self.inner.window)
        return Found(float(self.inner.p_value), self.inner.alpha, {
            "mean_before": math.fsum(before) / len(before), "width_before": len(before),
            "mean": math.fsum(after) / len(after), "width": len(after),
        })  # fmt: skip

    def dump(self) -> Mapping[str, Any]:
        kind, words, gauss = self.inner._rng.getstate()
        return {
            "drift": self.inner.drift_detected,
            "p_value": float(self.inner.p_value),
            "n": self.inner.n,
            "window": list(self.inner.window),
            "random": [kind, words, gauss],
        }

    def load(self, state: Mapping[str, Any]) -> None:
        kind, words, gauss = state["random"]
        self.inner._rng.setstate((kind, tuple(words), gauss))
        self.inner._drift_detected = bool(state["drift"])
        self.inner.p_value, self.inner.n = state["p_value"], state["n"]
        self.inner.window = deque(state["window"], maxlen=self.inner.window_size)


def new(algorithm: Algorithm, parameters: Mapping[str, Any]) -> Detector:
    """A detector that has seen nothing; `parameters` are complete ones."""
    match algorithm:
        case "ADWIN":
            return Adwin(**parameters)
        case "PAGE_HINKLEY":
            return PageHinkley(**parameters)
        case "KSWIN":
            return Kswin(**parameters)
        case "PSI":
            return PSI(**parameters)


def dump(detector: Detector) -> bytes:
    """The detector's state, for `load` in a process of the same FORMAT."""
    body = json.dumps(detector.dump(), separators=(",", ":"), allow_nan=False).encode()
    return hashlib.sha256(body).digest() + body


def load(algorithm: Algorithm, parameters: Mapping[str, Any], state: bytes) -> Detector:
    """A detector that goes on where the dumped one was; UnreadableState for anything else."""
    made = new(algorithm, parameters)
    digest, body = state[:_DIGEST], state[_DIGEST:]
    if hashlib.sha256(body).digest() != digest:
        raise UnreadableState("its digest does not fit")
    try:
        made.load(json.loads(body))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UnreadableState(f"{type(error).__name__}: {error}") from error
    except BaseException as error:
        # What river's compiled part raises for bytes that are none of its own.
        if type(error).__name__ != "PanicException":
            raise
        raise UnreadableState(str(error)) from None
    return made


def _finite_or_none(number: float) -> float | None:
    return number if math.isfinite(number) else None
