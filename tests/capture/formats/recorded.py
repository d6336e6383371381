"""The recorded files that are not part of the repository, and how a test reads a file."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from cryptoscalp.capture.chunk import Chunk, Reject
from cryptoscalp.capture.files.items import Item, expand
from cryptoscalp.capture.files.lines import head
from cryptoscalp.capture.formats.reading import Format, Options, Reader, Record, Sample
from cryptoscalp.capture.prepare import Prepared, prepare

_SHARED = Path(
    os.environ.get("CRYPTOSCALP_SHARED", Path(__file__).resolve().parents[3].parent / "shared")
)
KINDS = ("trades", "quotes", "candles", "mark_prices", "funding_rates")


def recorded(name: str) -> Path:
    """A recorded file; the test is skipped where it is not at hand."""
    path = _SHARED / "data" / name
    if not path.is_file():
        pytest.skip(f"no recorded market data at {path} (CRYPTOSCALP_SHARED)")
    return path


def item_of(path: Path) -> Item:
    """The one file of a path."""
    [item] = expand([path])
    return item


def knows(form: Format, path: Path) -> bool:
    """Whether a format recognises a file."""
    item = item_of(path)
    return form.knows(Sample(item, item.name, head(item)))


def read(form: Format, path: Path, options: Options) -> tuple[Reader, list[Chunk]]:
    """The chunks of a file, each with its accounting checked."""
    reader = form.open(item_of(path), options)
    chunks = list(reader.chunks(lambda position: None))
    for chunk in chunks:
        events = sum(getattr(chunk, kind).height for kind in KINDS)
        assert chunk.received == events + len(chunk.rejects) + sum(chunk.ignored.values())
    return reader, chunks


def rows(chunks: list[Chunk], kind: str) -> pl.DataFrame:
    """The events of one kind as the parser gave them."""
    made: pl.DataFrame = pl.concat([getattr(chunk, kind) for chunk in chunks])
    return made


def stored(chunks: list[Chunk]) -> tuple[dict[str, pl.DataFrame], list[Reject], int]:
    """What validation lets through, what it refuses, and how many values it rounded."""
    parts: list[Prepared] = []
    for chunk in chunks:
        parts += prepare(chunk, now_us=time.time_ns() // 1_000)
    good = {kind: pl.concat([getattr(part, kind) for part in parts]) for kind in KINDS}
    refused = [reject for part in parts for reject in part.refused]
    return good, refused, sum(part.rounded for part in parts)


def again(form: Format, reader: Reader, chunks: list[Chunk], kind: str) -> Iterator[pl.DataFrame]:
    """The events of every record, read anew from the records alone."""
    for chunk in chunks:
        lines = getattr(chunk, kind)["line"].to_list()
        records = [Record(line, chunk.raw(line)) for line in lines]
        for anew in form.again(reader.plan, records, Options()):
            yield getattr(anew, kind)
