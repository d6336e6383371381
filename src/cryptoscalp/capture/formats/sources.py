"""Where the rows of a table are stored, known by the file's first bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

from cryptoscalp.capture.files.items import Item
from cryptoscalp.capture.formats import (
    arrow_files,
    arrow_rows,
    json_documents,
    json_lines,
    json_rows,
)
from cryptoscalp.capture.formats.headers import distinct
from cryptoscalp.capture.formats.reading import Record
from cryptoscalp.capture.formats.table import Table

Tables: TypeAlias = Iterator[tuple[Table, int]]
"""Tables in file order, each with the bytes of the stored file read so far."""
Storage: TypeAlias = Literal["parquet", "feather", "json", "jsonl"]


_LINES: Final = (".jsonl", ".ndjson")


@dataclass(frozen=True, slots=True)
class Source:
    """The rows of one file: their columns, and how to read those that are wanted.

    `kinds` says what a column holds where that is more than text (float, time, bytes);
    `metadata` is what the writer of an Arrow file said about it; `first` are the first rows of a
    JSON file.
    """

    item: Item
    storage: Storage
    header: tuple[str, ...]
    tables: Callable[[Sequence[str]], Tables]
    kinds: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, str] = field(default_factory=dict)
    first: Sequence[Any] = ()


def storage_of(head: bytes, name: str) -> Storage | None:
    """How a file stores its rows that begins with these plain bytes; None when otherwise.

    Lines of JSON are told from a document by the file's name, or by the first two lines.
    """
    if arrow_files.is_parquet(head):
        return "parquet"
    if arrow_files.is_arrow(head):
        return "feather"
    if name.lower().endswith(_LINES):
        return "jsonl"
    if head.lstrip()[:1] not in (b"[", b"{"):
        return None
    lines = [line for line in head.split(b"\n", 2) if line.strip()][:2]
    whole = [isinstance(json_rows.value_of(line), (dict, list)) for line in lines]
    if len(lines) > 1 and whole[0]:
        return "jsonl"
    # One line may be a document of rows or the only row.
    return "jsonl" if all(whole) and not json_documents.first_rows(head) else "json"


def source_of(item: Item, head: bytes) -> Source | None:
    """The rows of a file that begins with `head`; None when it stores none in these ways.

    Raises InputError when the file cannot be opened.
    """
    match storage_of(head, item.name):
        case "parquet" | "feather" as storage:
            schema = arrow_files.schema_of(item)
            metadata = {
                key.decode("utf-8", "replace"): value.decode("utf-8", "replace")
                for key, value in (schema.metadata or {}).items()
            }
            return Source(
                item,
                storage,
                distinct(schema.names),
                lambda names: _arrow_tables(item),
                arrow_rows.kinds_of(schema),
                metadata,
            )
        case "json":
            rows = json_documents.first_rows(head)
            return Source(
                item,
                "json",
                tuple(json_rows.names_of(rows)),
                lambda names: json_documents.tables(item, names),
                first=rows,
            )
        case "jsonl":
            rows = json_lines.first_rows(head)
            return Source(
                item,
                "jsonl",
                tuple(json_rows.names_of(rows)),
                lambda names: json_lines.tables(item, names),
                first=rows,
            )
    return None


def rebuilt(records: Sequence[Record], wanted: Sequence[str], kinds: Mapping[str, str]) -> Table:
    """A table of rows that are known by their records; `kinds` are those of their source."""
    if kinds:
        return arrow_rows.rebuilt(records, kinds)
    rows = [(record.line, json_rows.value_of(record.raw), record.raw) for record in records]
    return json_rows.table_of(rows, wanted)


def _arrow_tables(item: Item) -> Tables:
    line = 1
    for part in arrow_files.parts(item):
        yield arrow_rows.table_of(part, line), int(item.size * part.share)
        line += part.rows.num_rows
