"""Flow: files into events, one batch a file, parsed ahead in a thread while others commit."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache, partial
from pathlib import Path
from typing import Final, TypeAlias

from cryptoscalp.capture.account import Stream
from cryptoscalp.capture.batches import close_batch, open_batch
from cryptoscalp.capture.check import Seen, check_part
from cryptoscalp.capture.chunk import Chunk
from cryptoscalp.capture.files.items import Item, expand
from cryptoscalp.capture.formats import registry
from cryptoscalp.capture.formats.reading import Format, Options, Reader
from cryptoscalp.capture.maps import column_map
from cryptoscalp.capture.moments import Raw, between_moments, whole_moments
from cryptoscalp.capture.periods import Period
from cryptoscalp.capture.prefetch import Prefetch
from cryptoscalp.capture.prepare import Prepared, joined, prepare, split
from cryptoscalp.capture.reports import (
    FileReport,
    ImportReport,
    PartialImport,
    Progress,
    Skipped,
)
from cryptoscalp.capture.validation import QuarantineReason, check_names
from cryptoscalp.capture.writer import Origin, Written, write
from cryptoscalp.infra.db.errors import InputError, UnknownFormat
from cryptoscalp.infra.db.flow import Flow, aside, call, together

#: Chunks that one transaction takes when they are there already.
CHUNKS_A_TRANSACTION: Final = 4
#: Files that are read at once unless the caller says otherwise.
JOBS: Final = 2


@dataclass(frozen=True, slots=True)
class _Work:
    """One file to import, with its reader."""

    item: Item
    format: Format
    reader: Reader


#: What is done with the parts of a file: they are stored, or only compared.
_Take: TypeAlias = Callable[[Prefetch[Prepared], _Work, FileReport, Progress], Flow[None]]


def import_files(
    paths: Sequence[Path | str] | Path | str,
    *,
    format: str | None = None,
    exchange: str | None = None,
    symbol: str | None = None,
    interval: str | None = None,
    unit: str | None = None,
    mapping: Mapping[str, str] | str | None = None,
    l1_from_depth: bool = False,
    consecutive_ids: bool = False,
    check: bool = False,
    jobs: int = JOBS,
    progress: Progress | None = None,
) -> Flow[ImportReport]:
    """Store every event of the files that is not stored yet, and account for all of them.

    `paths` are files, archives, directories or patterns. Each file is one batch of several
    transactions; an import that was cut off is finished by running it again. `jobs` files are
    read at once, each within a bounded memory.

    `format` is found from the content unless given. `exchange`, `symbol` and `interval` are
    needed only where a file cannot tell; `symbol` takes one symbol of several and counts the rest
    as ignored. `unit` is the unit of the times ("s", "ms", "us", "ns"). `mapping` says which
    column is what in a file of no known format: a text such as
    "timestamp=time:ms, price=px, volume=qty", the same as a mapping, or the name of a saved one.
    `l1_from_depth` keeps a local book from depth messages and stores its best levels as quotes of
    source "depth". `consecutive_ids` says of tables of trades that the venue counts their ids by
    one, so that what lies between is covered where no id is missing; formats that are known to
    do so need no telling. `check` stores nothing and reports what would be.

    Raises InputError, before anything is stored, when a named file cannot be read or leaves
    something untold, and UnknownFormat when no importer knows it; one of several files in a
    directory, a pattern or an archive that no importer knows is skipped and reported.
    PartialImport, at the end, when one of several files could not be read to its end.
    """
    if jobs < 1:
        raise InputError(f"jobs is {jobs}; at least one file is read at a time")
    columns = yield from column_map(mapping)
    check_names(exchange, symbol)
    files = [paths] if isinstance(paths, Path | str) else paths
    options = Options(exchange, symbol, l1_from_depth, interval, unit, columns, consecutive_ids)
    chosen, skipped = yield from call(partial(_choose, files, format, options))
    take: _Take = _check if check else _store
    told, alone = progress or (lambda _: None), len(chosen) == 1
    flows = [partial(_read_file, work, told, alone, take) for work in chosen]
    reports = yield from together(flows, at_most=jobs)
    report = ImportReport(tuple(reports), tuple(skipped), check)
    if report.failed:
        raise PartialImport(report)
    return report


def _choose(
    paths: Sequence[Path | str], name: str | None, options: Options
) -> tuple[list[_Work], list[Skipped]]:
    if not paths:
        raise InputError("no file was given")
    named = {Path(path) for path in paths}
    chosen, skipped = [], []
    items = expand(paths)
    members = Counter(item.path for item in items)
    for item in items:
        try:
            found = registry.choose(item, name, options)
            chosen.append(_Work(item, found, found.open(item, options)))
        except InputError as error:
            # An archive of several files is named as a directory is.
            if item.path in named and members[item.path] == 1:
                raise
            skipped.append(Skipped(item.path, str(error)))
    if not chosen:
        raise UnknownFormat(f"no importer can read any of {len(skipped)} files: {skipped[0].why}")
    return chosen, skipped


def _read_file(work: _Work, progress: Progress, alone: bool, take: _Take) -> Flow[FileReport]:
    report = FileReport(work.item, work.format.name)
    began = time.perf_counter()
    ahead = Prefetch(_parts(work.reader, report), ahead=CHUNKS_A_TRANSACTION)
    try:
        yield from take(ahead, work, report, progress)
    except InputError as error:
        if alone:
            raise
        report.error = str(error)
    finally:
        ahead.close()
    report.seconds = time.perf_counter() - began
    return report


def _check(
    ahead: Prefetch[Prepared], work: _Work, report: FileReport, progress: Progress
) -> Flow[None]:
    seen = Seen()
    while parts := (yield from call(lambda: ahead.take_ready(1))):
        for part in parts:
            report.account.add((yield from check_part(part, seen)))
            _note(report, work.reader, part)
        progress(report)


def _note(report: FileReport, reader: Reader, part: Prepared) -> None:
    report.plan = reader.plan
    reasons = {one.reason for one in part.refused}
    report.truncated |= QuarantineReason.TRUNCATED_FILE in reasons
    report.damaged |= QuarantineReason.DAMAGED_FILE in reasons


def _store(
    ahead: Prefetch[Prepared], work: _Work, report: FileReport, progress: Progress
) -> Flow[None]:
    digest = yield from call(lambda: _sha256(work.item.path))
    origin: Origin | None = None
    tails: dict[Stream, datetime] = {}
    partitioned: frozenset[Period] = frozenset()
    source, reader = str(work.item), work.reader
    while parts := (yield from call(lambda: ahead.take_ready(CHUNKS_A_TRANSACTION))):
        if origin is None:
            batch_id = yield from aside(
                lambda: open_batch(source, work.format.name, digest, reader.plan), transaction=True
            )
            origin = Origin(batch_id, source, reader.proof.trades, reader.proof.quotes)
            report.batch_id = batch_id
        for part in joined(parts):
            written = yield from aside(_writing(part, origin, tails, partitioned), transaction=True)
            tails |= written.tails
            partitioned |= part.periods
            report.account.add(written.account)
            _note(report, reader, part)
            progress(report)
    if origin is not None:
        batch_id = origin.batch_id
        yield from aside(lambda: close_batch(batch_id), transaction=True)


def _writing(
    part: Prepared, origin: Origin, tails: dict[Stream, datetime], known: frozenset[Period]
) -> Callable[[], Flow[Written]]:
    # A copy: a retry must start from what was committed.
    before = dict(tails)
    return lambda: write(part, origin, before, known)


def _parts(reader: Reader, report: FileReport) -> Iterator[Prepared]:
    def note(position: int) -> None:
        report.read_bytes = position

    for whole in whole_moments(_prepared(reader.chunks(note))):
        for part in between_moments(whole):
            yield from split(part)


def _prepared(chunks: Iterator[Chunk]) -> Iterator[tuple[Prepared, Raw]]:
    """Validate chunks; each comes with the raw records of its lines."""
    for chunk in chunks:
        for part in prepare(chunk, now_us=time.time_ns() // 1000):
            yield part, chunk.raw


def _sha256(path: Path) -> bytes:
    stat = path.stat()
    return _digest(path, (stat.st_ino, stat.st_size, stat.st_mtime_ns))


# An archive of many files would else be read whole for each of them.
@lru_cache(maxsize=16)
def _digest(path: Path, version: tuple[int, int, int]) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()
