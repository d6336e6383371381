"""Files written by a test or shared, read by a format as the importer would."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile

import polars as pl

from cryptoscalp.capture.chunk import Chunk, Reject, StreamKey
from cryptoscalp.capture.files.items import expand
from cryptoscalp.capture.files.lines import head
from cryptoscalp.capture.formats.reading import Format, Options, Plan, Proof, Sample

KINDS = ("trades", "quotes", "candles", "mark_prices", "funding_rates")


@dataclass(frozen=True, slots=True)
class Whole:
    """All chunks of a file as one."""

    trades: pl.DataFrame
    quotes: pl.DataFrame
    candles: pl.DataFrame
    mark_prices: pl.DataFrame
    funding_rates: pl.DataFrame
    rejects: list[Reject]
    ignored: dict[StreamKey, int]
    received: int
    plan: Plan
    proof: Proof


def write(folder: Path, name: str, content: str | bytes) -> Path:
    """A file of that name, in the folders that the name has; a .zip has it as its only member."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    plain = content.encode() if isinstance(content, str) else content
    if path.suffix == ".zip":
        with ZipFile(path, "w") as archive:
            archive.writestr(f"{path.stem}.csv", plain)
    else:
        path.write_bytes(plain)
    return path


def knows(format: Format, path: Path) -> bool:
    """Whether a format knows the file by itself."""
    (item,) = expand([path])
    return format.knows(Sample(item, item.name, head(item)))


def read(format: Format, path: Path, options: Options | None = None) -> Whole:
    """The whole file; its account has to add up in every chunk."""
    (item,) = expand([path])
    reader = format.open(item, options or Options())
    chunks = list(reader.chunks(lambda position: None))
    return joined(chunks, reader.plan, reader.proof)


def joined(chunks: Iterable[Chunk], plan: Plan, proof: Proof) -> Whole:
    """Several chunks as one."""
    held = list(chunks)
    for one in held:
        events = sum(getattr(one, kind).height for kind in KINDS)
        assert one.received == events + len(one.rejects) + sum(one.ignored.values())
        for reject in one.rejects:
            assert reject.reason == "truncated_file" or one.raw(reject.line) == reject.raw
    ignored: dict[StreamKey, int] = {}
    for one in held:
        for key, count in one.ignored.items():
            ignored[key] = ignored.get(key, 0) + count
    return Whole(
        pl.concat([one.trades for one in held]),
        pl.concat([one.quotes for one in held]),
        pl.concat([one.candles for one in held]),
        pl.concat([one.mark_prices for one in held]),
        pl.concat([one.funding_rates for one in held]),
        [reject for one in held for reject in one.rejects],
        ignored,
        sum(one.received for one in held),
        plan,
        proof,
    )
