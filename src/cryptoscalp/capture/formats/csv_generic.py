"""CSV files of anybody's, by a mapping (--map) or by column names that leave no doubt."""

from __future__ import annotations

from typing import Final

from cryptoscalp.capture.formats.csv_head import Head
from cryptoscalp.capture.formats.csv_tables import csv_format
from cryptoscalp.capture.formats.found import Found
from cryptoscalp.capture.formats.generic import known_layout
from cryptoscalp.capture.formats.mapping import map_layout
from cryptoscalp.capture.formats.reading import Options


def _recognise(head: Head, options: Options) -> Found | None:
    if options.mapping:
        return Found(map_layout(options.mapping, head.header or head.columns, options))
    layout = known_layout(head.header, head.item.name) if head.header else None
    return None if layout is None else Found(layout)


FORMAT: Final = csv_format("csv", "any CSV file, by its column names or --map", _recognise)
