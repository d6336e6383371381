"""The index inside each file of the lake: which rows of which row group are whose.

A row group holds runs: rows of one instrument, in the table's order. The index says for each run
how many rows it has and which time it spans, so that a reader decodes only what it needs, and for
each row group where its bytes lie and their CRC-32. A footer of Parquet has no checksum, and by a
wrong one rows would be left out without a word: a seal stands before it, where readers skip it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

_INDEX: Final = b"cryptoscalp.index"
_SEAL: Final = b"cryptoscalp footer"
#: Bytes before the footer that are the seal.
SEAL_BYTES: Final = len(_SEAL) + 32


@dataclass(frozen=True, slots=True)
class Group:
    """A row group: where its bytes begin and end in the file, and their CRC-32."""

    start: int
    end: int
    crc: int
    rows: int


@dataclass(frozen=True, slots=True)
class Run:
    """Rows of one instrument that stand together in one row group.

    `first` and `last` are in µs since 1970. `fixed` has the columns of text in which all of its
    rows are equal.
    """

    group: int
    offset: int
    rows: int
    symbol: str
    exchange: str
    first: int
    last: int
    fixed: Mapping[str, str]

    @property
    def key(self) -> tuple[str, str]:
        """What files are sorted by."""
        return self.symbol, self.exchange


@dataclass(frozen=True, slots=True)
class Index:
    """What a file holds; runs in the order of its rows."""

    groups: Sequence[Group]
    runs: Sequence[Run]


def packed(index: Index) -> dict[bytes, bytes]:
    """The index as key-value metadata of a Parquet file."""
    text = json.dumps(
        {
            "groups": [[g.start, g.end, g.crc, g.rows] for g in index.groups],
            "runs": [
                [run.group, run.rows, run.symbol, run.exchange, run.first, run.last, run.fixed]
                for run in index.runs
            ],
        },
        separators=(",", ":"),
        ensure_ascii=False,
    ).encode()
    return {_INDEX: text}


def seal(footer: bytes) -> bytes:
    """What is written before a footer, which ends with its length and the file's last bytes."""
    return _SEAL + hashlib.sha256(footer).digest()


def tail_length(end: bytes) -> int:
    """Length of the sealed footer of a file with these last eight bytes."""
    if len(end) != 8 or end[4:] != b"PAR1":
        raise ValueError("it does not end as a Parquet file does")
    return SEAL_BYTES + int.from_bytes(end[:4], "little") + 8


def checked_tail(tail: bytes) -> bytes:
    """The sealed footer's digest; ValueError when the footer is not the one that was sealed."""
    if seal(tail[SEAL_BYTES:]) != tail[:SEAL_BYTES]:
        raise ValueError("its footer was altered, or cryptoscalp did not write it")
    return tail[len(_SEAL) : SEAL_BYTES]


def unpacked(metadata: Mapping[bytes, bytes] | None) -> Index:
    """The index of a file whose footer was checked."""
    held = json.loads((metadata or {})[_INDEX])
    runs: list[Run] = []
    for group, rows, symbol, exchange, first, last, fixed in held["runs"]:
        before = runs[-1] if runs and runs[-1].group == group else None
        offset = before.offset + before.rows if before else 0
        runs.append(Run(group, offset, rows, symbol, exchange, first, last, fixed))
    return Index([Group(*group) for group in held["groups"]], runs)
