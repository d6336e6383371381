"""A detector with a stored state beside river's own in memory, over the same streams."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from river import drift

from campaigns.drift_streams import STEADY, WITHIN, Case, onset, stream
from cryptoscalp.adaptation import detectors
from cryptoscalp.adaptation.drift_parameters import DEFAULTS
from cryptoscalp.adaptation.drift_types import Algorithm

#: The state is dumped and loaded after so many observations ...
RESTART_EVERY: Final = 100
#: ... and in so many streams of each case after every one.
RESTARTED_ALWAYS: Final = 2

PEERS: Final[Mapping[Algorithm, Any]] = {
    "ADWIN": drift.ADWIN, "PAGE_HINKLEY": drift.PageHinkley, "KSWIN": drift.KSWIN,
}  # fmt: skip


@dataclass(slots=True)
class Alarms:
    """Alarms of a detector in the streams of a case.

    `streams`: of each stream the observation after which it shifts, and the numbers (from one) of
    those at which the detector alarmed.
    """

    case: Case
    streams: list[tuple[int, list[int]]] = field(default_factory=list)

    def figures(self) -> dict[str, Any]:
        """What the table shows.

        False alarms are those before a shift, per 1,000 observations. A shift is found by the
        first alarm within WITHIN observations of it; where there is none, that is what chance
        gives. Delays are in observations, and of all streams: None where fewer are found.
        """
        steady = [onset if self.case.shifts else STEADY for onset, _ in self.streams]
        false = [
            sum(at <= until for at in alarms)
            for until, (_, alarms) in zip(steady, self.streams, strict=True)
        ]
        delays = [_delay(onset, alarms) for onset, alarms in self.streams]
        count = len(self.streams)
        return {
            "false_per_1000": round(1_000 * sum(false) / sum(steady), 4),
            "streams_with_false": round(sum(map(bool, false)) / count, 4),
            "found": round(sum(map(math.isfinite, delays)) / count, 4),
            "median_delay": quantile(delays, 0.5),
            "p90_delay": quantile(delays, 0.9),
        }


def beside(
    algorithm: Algorithm, case: Case, *, streams: int, sigma: float, every: int = RESTART_EVERY
) -> dict[str, Any]:
    """Run both over `streams` streams of a case; figures of each, and how many decisions differ.

    A stream with a shift ends when both have found it.
    """
    ours, theirs = Alarms(case), Alarms(case)
    decisions, differ = 0, 0
    for number in range(streams):
        done = _run(algorithm, case, number, sigma, 1 if number < RESTARTED_ALWAYS else every)
        ours.streams.append((onset(number), done.ours))
        theirs.streams.append((onset(number), done.theirs))
        decisions += done.decisions
        differ += done.differ
    found = {"streams": streams, "decisions": decisions, "ours": ours.figures()}
    if algorithm in PEERS:
        return {**found, "differ": differ, "river": theirs.figures()}
    return {**found, "target": target(case, streams)}


@dataclass(slots=True)
class _Run:
    """Both over one stream."""

    ours: list[int] = field(default_factory=list)
    theirs: list[int] = field(default_factory=list)
    decisions: int = 0
    differ: int = 0


def _run(algorithm: Algorithm, case: Case, number: int, sigma: float, step: int) -> _Run:
    parameters = DEFAULTS[algorithm]
    detector = detectors.new(algorithm, parameters)
    peer = PEERS[algorithm](**parameters) if algorithm in PEERS else None
    begins = onset(number)
    done = _Run()
    for at, value in enumerate(stream(case, number, sigma), 1):
        alarm = detector.update(value) is not None
        if alarm:
            done.ours.append(at)
        if peer is not None:
            peer.update(value)
            if peer.drift_detected:
                done.theirs.append(at)
            done.differ += alarm != bool(peer.drift_detected)
        done.decisions += 1
        both = [done.ours] if peer is None else [done.ours, done.theirs]
        if case.shifts and all(alarms and alarms[-1] > begins for alarms in both):
            break
        if at % step == 0:
            detector = detectors.load(algorithm, parameters, detectors.dump(detector))
    return done


def target(case: Case, streams: int) -> dict[str, Any]:
    """What PSI's alpha promises for its default windows where nothing shifts."""
    psi = DEFAULTS["PSI"]
    alpha, reference, current = psi["alpha"], psi["reference"], psi["current"]
    steady = [onset(number) if case.shifts else STEADY for number in range(streams)]
    windows = [(until - reference) // current for until in steady]
    return {
        "false_per_1000": round(1_000 * alpha * sum(windows) / sum(steady), 4),
        "streams_with_false": round(sum(1 - (1 - alpha) ** one for one in windows) / streams, 4),
        "found": None if case.shifts else round(1 - (1 - alpha) ** (WITHIN // current), 4),
        "median_delay": None,
        "p90_delay": None,
    }


def quantile(delays: Sequence[float], share: float) -> int | None:
    """The delay within which `share` of the streams were found; None where fewer were."""
    at = sorted(delays)[math.ceil(share * len(delays)) - 1]
    return int(at) if math.isfinite(at) else None


def _delay(onset: int, alarms: Sequence[int]) -> float:
    return next((at - onset for at in alarms if onset < at <= onset + WITHIN), math.inf)
