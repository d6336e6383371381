"""What became of the files of an import."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from cryptoscalp.capture.account import Account
from cryptoscalp.capture.files.items import Item
from cryptoscalp.capture.formats.reading import Plan
from cryptoscalp.infra.db.errors import InputError


@dataclass(slots=True)
class FileReport:
    """What became of one file; `batch_id` is None while nothing of it was committed.

    `plan` is how it was read. `truncated` says that the file ends before its content does; the
    good part is stored. `damaged` says that its bytes are not what was packed: rows that were
    stored may be false. `error` says why reading stopped; what was read before is stored.
    """

    item: Item
    format: str
    read_bytes: int = 0
    batch_id: int | None = None
    account: Account = field(default_factory=Account)
    seconds: float = 0.0
    truncated: bool = False
    damaged: bool = False
    plan: Plan = field(default_factory=dict)
    error: str | None = None

    @property
    def path(self) -> Path:
        """The file, or the archive that it is a member of."""
        return self.item.path

    @property
    def size_bytes(self) -> int:
        """The file's size as stored."""
        return self.item.size


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file of a directory or a pattern that no importer knows."""

    path: Path
    why: str


@dataclass(frozen=True, slots=True)
class ImportReport:
    """All files of an import, in the order given; `checked` says that nothing was stored."""

    files: tuple[FileReport, ...]
    skipped: tuple[Skipped, ...] = ()
    checked: bool = False

    @property
    def account(self) -> Account:
        """The sum over the files."""
        total = Account()
        for one in self.files:
            total.add(one.account)
        return total

    @property
    def failed(self) -> list[FileReport]:
        """The files that could not be read to their end."""
        return [one for one in self.files if one.error is not None]


#: Told after each commit; the report is the live one.
Progress: TypeAlias = Callable[[FileReport], None]


@dataclass(slots=True)
class RetriedBatch:
    """What became of the refused records of one batch, by record and by event.

    `resolved` records are stored, or known to be stored already; `refused` ones stay in
    quarantine, and so do those `passed` over: of another symbol or exchange than asked for.
    `repeated` counts the resolved ones without an id that came more than once: quarantine keeps
    one of equal records, and only the file tells whether they are several events. `account`
    counts the events that the records gave.
    """

    batch_id: int
    source: str
    retry_batch_id: int | None = None
    resolved: int = 0
    refused: int = 0
    passed: int = 0
    repeated: int = 0
    account: Account = field(default_factory=Account)


@dataclass(frozen=True, slots=True)
class RetryReport:
    """All batches whose records were read again; `left` records came from no file and were not."""

    batches: tuple[RetriedBatch, ...]
    left: int


class PartialImport(InputError):
    """Some files of several could not be read; `report` says what became of all of them."""

    def __init__(self, report: ImportReport) -> None:
        failed = report.failed
        first = failed[0]
        more = f" (and {len(failed) - 1} more)" if len(failed) > 1 else ""
        super().__init__(
            f"{len(failed)} of {len(report.files)} files could not be read: {first.error}{more}"
        )
        self.report = report
