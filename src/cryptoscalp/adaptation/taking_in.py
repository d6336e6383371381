"""Flow: one detector takes in its next observations, all or nothing."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from psycopg.types.json import Jsonb

from cryptoscalp.adaptation.drift_parameters import complete
from cryptoscalp.adaptation.drift_types import Algorithm
from cryptoscalp.adaptation.observations import START, Observation, Position, Watched, horizon, read
from cryptoscalp.infra.db.flow import Flow, call, rows, run

if TYPE_CHECKING:
    from cryptoscalp.adaptation.detectors import Detector

#: Observations taken in by one transaction; KSWIN tests at each one, which takes its time.
BATCH: Final[dict[Algorithm, int]] = {
    "ADWIN": 10_000, "PAGE_HINKLEY": 10_000, "KSWIN": 1_000, "PSI": 10_000,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Taken:
    """What one step did; `more`: there may be observations left."""

    observations: int
    drifts: int
    more: bool
    held_back_since: datetime | None


@dataclass(slots=True)
class _Fed:
    """A detector on its way through a batch."""

    detector: Detector
    observations: int
    since: Position | None
    drifts: list[dict[str, Any]] = field(default_factory=list)

    def feed(self, batch: Sequence[Observation]) -> None:
        for one in batch:
            if one.value is None:
                continue
            self.observations += 1
            found = self.detector.update(one.value)
            if found is not None:
                self.since = one.position
                self.drifts.append({
                    "observation": self.observations, "timestamp": one.timestamp.isoformat(),
                    "statistic": found.statistic, "threshold": found.threshold,
                    "detail": dict(found.detail),
                })  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Stored:
    """A detector's row, as far as a step needs it."""

    watched: Watched
    algorithm: Algorithm
    parameters: dict[str, Any]
    state: bytes | None
    state_format: str | None
    position: Position | None
    since: Position | None
    observations: int


def take_in(detector_id: int) -> Flow[Taken]:
    """Let a detector take in what became known since; run it in one transaction.

    The detector's row is held meanwhile. State, position, drifts and their events are written by
    one call: whatever ends the process before the commit, the next step begins at the same place.
    """
    # It takes seconds the first time: not while a row is held.
    library = yield from call(partial(importlib.import_module, "cryptoscalp.adaptation.detectors"))
    stored = yield from _take(detector_id)
    if stored is None:
        return Taken(0, 0, False, None)
    complete_until = yield from horizon(stored.watched.signal)
    held_back = complete_until.held_back_since
    if complete_until.until is None:
        return Taken(0, 0, False, held_back)
    most = BATCH[stored.algorithm]
    batch = yield from read(stored.watched, stored.position or START, complete_until.until, most)
    if not batch:
        return Taken(0, 0, False, held_back)
    detector, note = yield from _restore(library, stored)
    fed = _Fed(detector, stored.observations, stored.since)
    yield from call(partial(fed.feed, batch))
    position, since = batch[-1].position, fed.since or (None, None)
    yield from run(
        "SELECT save_detector(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (
            detector_id, stored.observations, fed.observations, library.dump(fed.detector),
            library.FORMAT, *position, *since, Jsonb(fed.drifts), note,
        ),
    )  # fmt: skip
    return Taken(
        fed.observations - stored.observations, len(fed.drifts), len(batch) == most, held_back
    )


def _take(detector_id: int) -> Flow[_Stored | None]:
    found = yield from rows(
        "SELECT model_id, symbol, exchange, signal::text, feature, algorithm::text, parameters,"
        " state, state_format, position_at, position_key, since_at, since_key, observations"
        " FROM take_detector(%s)",
        (detector_id,),
    )
    if not found:
        return None
    row = found[0]
    return _Stored(
        Watched(*row[:5]), row[5], complete(row[5], row[6]), row[7], row[8],
        None if row[9] is None else (row[9], row[10]),
        None if row[11] is None else (row[11], row[12]), row[13],
    )  # fmt: skip


def _restore(library: Any, stored: _Stored) -> Flow[tuple[Detector, str | None]]:
    """The detector as it was; where its state cannot be read, made again of its observations."""
    if stored.state is None or stored.position is None:
        return library.new(stored.algorithm, stored.parameters), None
    why = f"it was written as {stored.state_format}"
    if stored.state_format == library.FORMAT:
        try:
            return library.load(stored.algorithm, stored.parameters, bytes(stored.state)), None
        except library.UnreadableState as error:
            why = f"it cannot be read, {error}"
    # Since the last drift: what came before has no part in its state.
    again = _Fed(library.new(stored.algorithm, stored.parameters), 0, None)
    after = stored.since or START
    while batch := (yield from read(stored.watched, after, stored.position, 10_000)):
        yield from call(partial(again.feed, batch))
        after = batch[-1].position
    note = f"state made again of {again.observations:,} observations, now {library.FORMAT}: {why}"
    return again.detector, note
