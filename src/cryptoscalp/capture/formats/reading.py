"""What a format is to the importer: how its files are known, read, and read again record by record.

A reader turns one file into chunks. What it found out about the file on the way (the layout, the
time unit, the market) is its plan: plain data, kept with the batch, with which single records of
the file can be read again long after (`cryptoscalp quarantine retry`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, TypeAlias

from cryptoscalp.capture.chunk import Chunk
from cryptoscalp.capture.files.items import Item
from cryptoscalp.capture.ledger import Continuity

#: JSON-able; all it takes to read a record of the file again.
Plan: TypeAlias = Mapping[str, Any]
#: Told the bytes of the stored (compressed) file read so far.
Position: TypeAlias = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Options:
    """How the caller says to read files: what they are, and what to take from them.

    `symbol` names the instrument of a file that does not name one, and takes only that one from
    a file that names several. `mapping` is the parsed --map of a generic file. `unit` is the unit
    of its times ("s", "ms", "us", "ns") where the caller knows better. `consecutive_ids`: the
    venue counts the ids of its trades by one, which the file cannot tell.
    """

    exchange: str | None = None
    symbol: str | None = None
    l1_from_depth: bool = False
    interval: str | None = None
    unit: str | None = None
    mapping: Mapping[str, str] = field(default_factory=dict)
    consecutive_ids: bool = False


class Proof(NamedTuple):
    """What the events of a file prove about those that are not in it."""

    trades: Continuity = Continuity.UNKNOWN
    quotes: Continuity = Continuity.UNKNOWN


class Record(NamedTuple):
    """One raw record, as quarantine kept it, with its line in its file."""

    line: int
    raw: bytes


class Sample(NamedTuple):
    """What a file is recognised by: its place, its name without archive suffixes, its beginning.

    `head` is plain (decompressed) bytes, at most 64 KiB.
    """

    item: Item
    name: str
    head: bytes


class Reader(Protocol):
    """One file being read. `plan` and `proof` are complete once the first chunk came."""

    @property
    def plan(self) -> Plan: ...

    @property
    def proof(self) -> Proof: ...

    def chunks(self, position: Position) -> Iterator[Chunk]:
        """The file's events in file order, at most about 20,000 records a chunk.

        Nothing comes out before one record was good; InputError for a file of which none is.
        """
        ...


@dataclass(frozen=True, slots=True)
class Format:
    """One importer. `knows` looks at a sample; `open` begins to read; `again` reads records anew.

    `open` raises InputError when the caller has to say something that the file cannot tell (its
    exchange, its symbol), naming the option that says it. `again` takes the plan of the file that
    the records come from (changed by what the caller now knows better) and gives chunks whose
    `raw` answers for the same line numbers.
    """

    name: str
    about: str
    knows: Callable[[Sample], bool]
    open: Callable[[Item, Options], Reader]
    again: Callable[[Plan, Sequence[Record], Options], Iterator[Chunk]]
