"""Flow: what an import would store, by the comparisons that it makes, without writing."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from cryptoscalp.capture.account import Account, Stream
from cryptoscalp.capture.chunk import Reject
from cryptoscalp.capture.identity import Int64s, Stored, already_stored
from cryptoscalp.capture.prepare import Prepared, stream_of
from cryptoscalp.capture.room import bring_back
from cryptoscalp.capture.selection import select_new, slices, windows_of
from cryptoscalp.capture.statekind import StateKind
from cryptoscalp.capture.states import Sorted, count_states, sort_out, states_of
from cryptoscalp.capture.tickkind import QUOTES, TRADES, TickKind
from cryptoscalp.infra.db.flow import Flow


@dataclass(slots=True)
class _Part:
    ids: Stored
    first: int
    last: int


@dataclass(slots=True)
class Seen:
    """What of a file would be stored by now: 16 bytes a tick, and the states."""

    ticks: dict[Stream, list[_Part]] = field(default_factory=lambda: defaultdict(list))
    states: dict[str, pl.DataFrame] = field(default_factory=dict)

    def without_twins(self, frame: pl.DataFrame, kind: TickKind) -> pl.DataFrame:
        """The rows of a frame with ids that no earlier part of the file would have stored."""
        ordered = frame.sort("exchange", "symbol", kind.stream, maintain_order=True)
        ids, times = ordered["sequence"].to_numpy(), ordered["timestamp"].dt.epoch("us").to_numpy()
        windows = windows_of(ordered)
        known = np.zeros(len(ids), dtype=np.bool_)
        for one in slices(ordered, kind):
            cut = slice(one.start, one.stop)
            mine: tuple[Int64s, Int64s, Int64s] = (ids[cut], times[cut], windows[cut])
            low, high = int(mine[0].min()), int(mine[0].max())
            for part in self.ticks[one.key]:
                if part.first <= high and part.last >= low:
                    known[cut] |= already_stored(*mine, part.ids)
        return ordered.filter(~known)

    def add(self, frame: pl.DataFrame, kind: TickKind) -> None:
        """Remember rows with ids that would be stored."""
        ordered = frame.sort("exchange", "symbol", kind.stream)
        ids, times = ordered["sequence"].to_numpy(), ordered["timestamp"].dt.epoch("us").to_numpy()
        for one in slices(ordered, kind):
            mine = Stored(ids[one.start : one.stop], times[one.start : one.stop])
            bounds = int(mine.sequences.min()), int(mine.sequences.max())
            self.ticks[one.key].append(_Part(mine, *bounds))


def check_part(part: Prepared, seen: Seen) -> Flow[Account]:
    """Account for a part as `write` would, and remember in `seen` what it would have stored.

    Days of it that lie in the cold tier come back, as they would for the import itself.
    """
    yield from bring_back(part)
    account = Account(rounded=part.rounded)
    for frame, kind in ((part.trades, TRADES), (part.quotes, QUOTES)):
        numbered = pl.col("sequence").is_not_null()
        with_id, without = frame.filter(numbered), frame.filter(~numbered)
        # The file's own first: of a row that it would have stored, no later one is a twin.
        fresh = yield from _new(seen.without_twins(with_id, kind), kind)
        seen.add(fresh, kind)
        _count(account, with_id, fresh, kind)
        # Rows without ids come by whole moments: no other part has their twins.
        _count(account, without, (yield from _new(without, kind)), kind)
    conflicts: list[Reject] = []
    for state, frame in states_of(part):
        found = yield from _new_states(frame, state, part, seen)
        count_states(account, frame, found, state)
        conflicts += found.conflicts
    for reject in (*part.refused, *conflicts):
        account.of(stream_of(reject)).quarantined += 1
    for stream, count in part.ignored.items():
        account.of(stream).ignored += count
    return account


def _new(frame: pl.DataFrame, kind: TickKind) -> Flow[pl.DataFrame]:
    return frame if frame.is_empty() else (yield from select_new(frame, kind))


def _new_states(frame: pl.DataFrame, kind: StateKind, part: Prepared, seen: Seen) -> Flow[Sorted]:
    before = seen.states.get(kind.table, frame.clear())
    near = before.join(frame, on=kind.key, how="semi")
    # What comes first in the file is what would be there.
    found = yield from sort_out(pl.concat([near, frame]), kind, part.raws)
    new = found.new.join(near, on=kind.key, how="anti", maintain_order="left")
    seen.states[kind.table] = pl.concat([before, new.select(before.columns)])
    return Sorted(new, found.conflicts)


def _count(account: Account, frame: pl.DataFrame, fresh: pl.DataFrame, kind: TickKind) -> None:
    key = ["exchange", "symbol", kind.stream]
    stored = {Stream(*map(str, name)): rows.height for name, rows in fresh.group_by(key)}
    for name, rows in frame.group_by(key):
        stream = Stream(*map(str, name))
        count = account.of(stream)
        count.stored += stored.get(stream, 0)
        count.duplicate += rows.height - stored.get(stream, 0)
