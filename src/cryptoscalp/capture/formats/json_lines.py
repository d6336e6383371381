"""JSON Lines: every line a row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from cryptoscalp.capture.files.items import Item
from cryptoscalp.capture.files.lines import blocks
from cryptoscalp.capture.formats import json_rows
from cryptoscalp.capture.formats.table import Table

ROWS: Final = 20_000


def tables(item: Item, names: Sequence[str], *, rows: int = ROWS) -> Iterator[tuple[Table, int]]:
    """Yield the lines in tables of about `rows`, and the stored bytes read so far.

    Blank lines are nothing; a line that is no JSON object or array is a reject. Raises
    InputError for an item that cannot be opened.
    """
    for block in blocks(item, lines_per_block=rows):
        found = [
            (line, json_rows.value_of(raw), raw)
            for line, raw in enumerate(block.lines, block.first)
            if raw.strip()
        ]
        table = json_rows.table_of(found, names)
        if block.broken is not None:
            table = Table(table.frame, table.lines, table.raw, (*table.rejects, block.broken))
        yield table, block.position


def first_rows(head: bytes) -> list[Any]:
    """The values of the lines that are whole in the beginning of a file."""
    lines = head.split(b"\n")
    # The last line may go on beyond the beginning; it is taken when it is whole all the same.
    found = [json_rows.value_of(line) for line in lines if line.strip()]
    return [value for value in found if isinstance(value, (dict, list))]
