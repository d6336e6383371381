"""The Binance collector's files as the importer reads them, and their single lines anew."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

import polars as pl

from cryptoscalp.capture.chunk import Chunk, Reject
from cryptoscalp.capture.files.items import Item
from cryptoscalp.capture.files.lines import Block, blocks
from cryptoscalp.capture.formats import binance_collector
from cryptoscalp.capture.formats.binance_collector import CollectorLines
from cryptoscalp.capture.formats.reading import (
    Format,
    Options,
    Plan,
    Position,
    Proof,
    Record,
    Sample,
)
from cryptoscalp.capture.ledger import Continuity
from cryptoscalp.capture.validation import QuarantineReason

#: Lines that are parsed at a time; the first commit waits for no more than these.
LINES_A_CHUNK: Final = 20_000
_DEPTH: Final = b'"depthUpdate"'


class _File:
    """One file; the plan names the market of lines that do not tell theirs."""

    proof = Proof(Continuity.CONSECUTIVE_IDS, Continuity.SESSION)

    def __init__(self, item: Item, options: Options) -> None:
        self._item = item
        self._l1_from_depth = options.l1_from_depth
        self._lines = CollectorLines(
            str(item), options.exchange, options.symbol, options.l1_from_depth
        )

    @property
    def plan(self) -> Plan:
        return {"exchange": self._lines.home, "l1_from_depth": self._l1_from_depth}

    def chunks(self, position: Position) -> Iterator[Chunk]:
        found = blocks(self._item, lines_per_block=LINES_A_CHUNK)
        return binance_collector.chunks(self._lines, found, position)


def _knows(sample: Sample) -> bool:
    return binance_collector.looks_like(sample.head)


def _again(plan: Plan, records: Sequence[Record], options: Options) -> Iterator[Chunk]:
    lines = CollectorLines("quarantine", options.exchange, options.symbol, False)
    lines.home = options.exchange or plan["exchange"]
    # A book cannot be told from one of its updates.
    booked = bool(plan["l1_from_depth"])
    lone = [one for one in records if booked and _DEPTH in one.raw]
    read = [one for one in records if not (booked and _DEPTH in one.raw)]
    chunk = lines.read(Block(1, [one.raw for one in read], 0))
    yield _renumbered(chunk, [one.line for one in read], [_lone(one) for one in lone])


def _lone(record: Record) -> Reject:
    return Reject(
        line=record.line,
        reason=QuarantineReason.MALFORMED,
        detail="a depth message says nothing without those before it: import the file again",
        raw=record.raw,
    )


def _renumbered(chunk: Chunk, numbers: Sequence[int], more: Sequence[Reject]) -> Chunk:
    """The chunk of lines 1, 2, 3... with the numbers that they have in their file."""
    known = pl.Series([0, *numbers], dtype=pl.Int64)
    place = {number: at for at, number in enumerate(numbers, 1)}

    def moved(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.with_columns(known.gather(frame["line"]).alias("line"))

    rejects = [replace(one, line=numbers[one.line - 1]) for one in chunk.rejects]
    return replace(
        chunk,
        trades=moved(chunk.trades),
        quotes=moved(chunk.quotes),
        mark_prices=moved(chunk.mark_prices),
        funding_rates=moved(chunk.funding_rates),
        rejects=(*rejects, *more),
        raw=lambda line: chunk.raw(place[line]),
        received=chunk.received + len(more),
    )


FORMAT: Final = Format(
    name=binance_collector.FORMAT,
    about="gzip lines `<local ns> <combined-stream JSON>` of Binance, as hftbacktest records them",
    knows=_knows,
    open=_File,
    again=_again,
)
