"""The account of a batch: received = stored + duplicate + quarantined + ignored, by stream."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, TypeVar

_V = TypeVar("_V", int, datetime)


class Stream(NamedTuple):
    """One stream of an instrument: a trade feed, a quote source, or an ignored kind."""

    exchange: str
    symbol: str
    stream: str


#: Where a record names no instrument that could be read.
UNKNOWN = Stream("unknown", "unknown", "unknown")


@dataclass(slots=True)
class Count:
    """Numbers of events of one stream; first and last describe the stored ones."""

    stored: int = 0
    duplicate: int = 0
    quarantined: int = 0
    ignored: int = 0
    first_timestamp: datetime | None = None
    last_timestamp: datetime | None = None
    first_sequence: int | None = None
    last_sequence: int | None = None

    @property
    def received(self) -> int:
        """Events that came in."""
        return self.stored + self.duplicate + self.quarantined + self.ignored

    def add(self, other: Count) -> None:
        """Add another count of the same stream."""
        self.stored += other.stored
        self.duplicate += other.duplicate
        self.quarantined += other.quarantined
        self.ignored += other.ignored
        self.first_timestamp = _least(self.first_timestamp, other.first_timestamp)
        self.last_timestamp = _greatest(self.last_timestamp, other.last_timestamp)
        self.first_sequence = _least(self.first_sequence, other.first_sequence)
        self.last_sequence = _greatest(self.last_sequence, other.last_sequence)


@dataclass(slots=True)
class Account:
    """Counts by stream, and how many float values were rounded to 18 decimals."""

    streams: dict[Stream, Count] = field(default_factory=dict)
    rounded: int = 0

    def of(self, stream: Stream) -> Count:
        """The count of one stream, made when it is not there yet."""
        return self.streams.setdefault(stream, Count())

    def add(self, other: Account) -> None:
        """Add another account."""
        self.rounded += other.rounded
        for stream, count in other.streams.items():
            self.of(stream).add(count)

    @property
    def total(self) -> Count:
        """The sum over all streams."""
        return sum_of(self.streams.values())


def sum_of(counts: Iterable[Count]) -> Count:
    """One count that adds up the given ones."""
    total = Count()
    for count in counts:
        total.add(count)
    return total


def as_numbers(count: Count) -> Mapping[str, int]:
    """The five numbers by name, as reports print them."""
    return {
        "received": count.received,
        "stored": count.stored,
        "duplicate": count.duplicate,
        "quarantined": count.quarantined,
        "ignored": count.ignored,
    }


def _least(a: _V | None, b: _V | None) -> _V | None:
    return b if a is None else a if b is None else min(a, b)


def _greatest(a: _V | None, b: _V | None) -> _V | None:
    return b if a is None else a if b is None else max(a, b)
