"""Flow: files into ticks, one batch a file, parsed ahead in a thread while others commit."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Final, TypeAlias

from cryptoscalp.capture.account import Account, Stream
from cryptoscalp.capture.batches import close_batch, open_batch
from cryptoscalp.capture.chunk import Chunk
from cryptoscalp.capture.files.lines import first_bytes
from cryptoscalp.capture.formats import binance_collector
from cryptoscalp.capture.ledger import Continuity
from cryptoscalp.capture.prefetch import Prefetch
from cryptoscalp.capture.prepare import Prepared, joined, prepare
from cryptoscalp.capture.validation import QuarantineReason
from cryptoscalp.capture.writer import Origin, Written, write
from cryptoscalp.infra.db.errors import InputError, UnknownFormat
from cryptoscalp.infra.db.flow import Flow, aside, call

TRUNCATED: Final = QuarantineReason.TRUNCATED_FILE
#: Lines that are parsed at a time; the first commit waits for no more than these.
LINES_A_CHUNK: Final = 20_000
#: Chunks that one transaction takes when they are there already.
CHUNKS_A_TRANSACTION: Final = 4


@dataclass(frozen=True, slots=True)
class Options:
    """How to read files: what they are, and what to take from them."""

    exchange: str | None = None
    symbol: str | None = None
    l1_from_depth: bool = False


@dataclass(frozen=True, slots=True)
class Format:
    """One importer: how to know its files, how to read them, and what they prove."""

    name: str
    looks_like: Callable[[bytes], bool]
    parse: Callable[[Path, Options, Callable[[int], None]], Iterator[Chunk]]
    trades: Continuity
    quotes: Continuity


@dataclass(slots=True)
class FileReport:
    """What became of one file; `batch_id` is None while nothing of it was committed.

    `truncated` says that the file ends before its content does; the good part is stored.
    """

    path: Path
    format: str
    size_bytes: int
    read_bytes: int = 0
    batch_id: int | None = None
    account: Account = field(default_factory=Account)
    seconds: float = 0.0
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class ImportReport:
    """All files of an import, in the order given."""

    files: tuple[FileReport, ...]

    @property
    def account(self) -> Account:
        """The sum over the files."""
        total = Account()
        for one in self.files:
            total.add(one.account)
        return total


#: Told after each commit; the report is the live one.
Progress: TypeAlias = Callable[[FileReport], None]


def _collector(path: Path, options: Options, progress: Callable[[int], None]) -> Iterator[Chunk]:
    return binance_collector.parse(
        path,
        exchange=options.exchange,
        symbol=options.symbol,
        l1_from_depth=options.l1_from_depth,
        chunk_lines=LINES_A_CHUNK,
        progress=progress,
    )


FORMATS: Final = (
    Format(
        binance_collector.FORMAT,
        binance_collector.looks_like,
        _collector,
        Continuity.CONSECUTIVE_IDS,
        Continuity.SESSION,
    ),
)


def import_files(
    paths: Sequence[Path | str],
    *,
    format: str | None = None,
    exchange: str | None = None,
    symbol: str | None = None,
    l1_from_depth: bool = False,
    progress: Progress | None = None,
) -> Flow[ImportReport]:
    """Store every event of the files that is not stored yet, and account for all of them.

    Each file is one batch of several transactions; an import that was cut off is finished by
    running it again. `format` is found from the content unless given. `exchange` is needed only
    where a file cannot tell. `symbol` takes one symbol and counts the rest as ignored.
    `l1_from_depth` keeps a local book from depth messages and stores its best levels as quotes of
    source "depth". Raises InputError, before anything is stored, when a file cannot be read, and
    UnknownFormat when no importer knows it.
    """
    options = Options(exchange, symbol, l1_from_depth)
    chosen = [(Path(path), _format(Path(path), format)) for path in paths]
    if not chosen:
        raise InputError("no file was given")
    reports = []
    for path, reader in chosen:
        reports.append((yield from _import_file(path, reader, options, progress)))
    return ImportReport(tuple(reports))


def _import_file(
    path: Path, reader: Format, options: Options, progress: Progress | None
) -> Flow[FileReport]:
    report = FileReport(path, reader.name, path.stat().st_size)
    began = time.perf_counter()
    digest = yield from call(lambda: _sha256(path))
    ahead = Prefetch(_parts(path, reader, options, report), ahead=CHUNKS_A_TRANSACTION)
    try:
        yield from _store(ahead, path, reader, digest, report, progress)
    finally:
        ahead.close()
    report.seconds = time.perf_counter() - began
    return report


def _store(
    ahead: Prefetch[Prepared],
    path: Path,
    reader: Format,
    digest: bytes,
    report: FileReport,
    progress: Progress | None,
) -> Flow[None]:
    origin: Origin | None = None
    tails: dict[Stream, datetime] = {}
    partitioned: frozenset[date] = frozenset()
    while parts := (yield from call(lambda: ahead.take_ready(CHUNKS_A_TRANSACTION))):
        if origin is None:
            batch_id = yield from aside(
                lambda: open_batch(str(path), reader.name, digest), transaction=True
            )
            origin = Origin(batch_id, str(path), reader.trades, reader.quotes)
            report.batch_id = batch_id
        for part in joined(parts):
            written = yield from aside(_writing(part, origin, tails, partitioned), transaction=True)
            tails |= written.tails
            partitioned |= set(part.days)
            report.account.add(written.account)
            report.truncated |= any(one.reason == TRUNCATED for one in part.refused)
            if progress is not None:
                progress(report)
    if origin is not None:
        batch_id = origin.batch_id
        yield from aside(lambda: close_batch(batch_id), transaction=True)


def _writing(
    part: Prepared, origin: Origin, tails: dict[Stream, datetime], known: frozenset[date]
) -> Callable[[], Flow[Written]]:
    # A copy: a retry must start from what was committed.
    before = dict(tails)
    return lambda: write(part, origin, before, known)


def _parts(path: Path, reader: Format, options: Options, report: FileReport) -> Iterator[Prepared]:
    def note(position: int) -> None:
        report.read_bytes = position

    for chunk in reader.parse(path, options, note):
        yield from prepare(chunk, now_us=time.time_ns() // 1000)


def _format(path: Path, name: str | None) -> Format:
    head = first_bytes(path)
    if name is not None:
        for one in FORMATS:
            if one.name == name:
                return one
        raise UnknownFormat(
            f"there is no format {name!r}; choose {', '.join(one.name for one in FORMATS)}"
        )
    for one in FORMATS:
        if one.looks_like(head):
            return one
    raise UnknownFormat(
        f"{path}: no importer knows this file; known are {', '.join(one.name for one in FORMATS)}"
        " (name one with --format)"
    )


def _sha256(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()
