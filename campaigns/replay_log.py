"""What a process said it was about to do with a replay buffer, and what it said was done."""

from __future__ import annotations

from io import RawIOBase
from pathlib import Path
from typing import Literal

import msgspec


class Entry(msgspec.Struct, frozen=True):
    """One call, before (`done` false) or after it returned."""

    call: Literal["add", "update"]
    done: bool
    memory_ids: list[int] = []
    priorities: list[float] = []
    applied: list[bool] = []


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Entry)


def written(file: RawIOBase, entry: Entry) -> None:
    """Write a line at once: it stays when the process is killed."""
    file.write(_ENCODER.encode(entry) + b"\n")


def read(path: Path) -> list[Entry]:
    """The whole lines of a log."""
    raw = path.read_bytes() if path.exists() else b""
    return [_DECODER.decode(line) for line in raw[: raw.rfind(b"\n") + 1].splitlines()]


class Told(msgspec.Struct):
    """What has to be there: ids that were added, and the priorities that each may have."""

    added: set[int]
    priorities: dict[int, set[float]]


def merge(found: Told, entries: list[Entry]) -> None:
    """Add what a log says: all that is acknowledged, and what a call that was cut off may do."""
    for place, entry in enumerate(entries):
        if entry.call == "add":
            found.added.update(number for number in entry.memory_ids if number)
            continue
        if entry.done:
            for number, priority, applied in zip(
                entry.memory_ids, entry.priorities, entry.applied, strict=True
            ):
                if applied:
                    # The later of one batch wins.
                    found.priorities[number] = {priority}
            continue
        following = entries[place + 1] if place + 1 < len(entries) else None
        if following is None or not following.done:
            last = dict(zip(entry.memory_ids, entry.priorities, strict=True))
            for number, priority in last.items():
                # One that was never updated before may have the priority that it came with.
                if number in found.priorities:
                    found.priorities[number].add(priority)
