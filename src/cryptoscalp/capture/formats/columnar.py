"""Parquet, Feather, JSON and JSON Lines of anybody's: by a mapping (--map), or by column names.

A JSON document is an array of rows or an object that holds one; the columns of rows that are
arrays are `#1`, `#2`, …, those of objects in objects `outer.inner`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from cryptoscalp.capture.files.items import Item
from cryptoscalp.capture.files.lines import head
from cryptoscalp.capture.formats.found import Found
from cryptoscalp.capture.formats.generic import known_layout
from cryptoscalp.capture.formats.layout import Layout
from cryptoscalp.capture.formats.mapping import map_layout
from cryptoscalp.capture.formats.reading import Format, Options, Reader, Sample
from cryptoscalp.capture.formats.sources import Source, Storage, source_of, storage_of
from cryptoscalp.capture.formats.spelling import spelled
from cryptoscalp.capture.formats.table_reader import TableReader, again, in_venue_spelling
from cryptoscalp.infra.db.errors import InputError

_ABOUT: Final[dict[Storage, str]] = {
    "parquet": "any Parquet file",
    "feather": "any Feather or Arrow IPC file",
    "json": "any JSON document that holds one array of rows",
    "jsonl": "any file of a JSON object or array a line",
}


def _format(storage: Storage) -> Format:
    def knows(sample: Sample) -> bool:
        if storage_of(sample.head, sample.name) != storage:
            return False
        if storage in ("parquet", "feather"):
            return True  # nothing else begins so: what is missing, opening it says
        source = source_of(sample.item, sample.head)
        return source is not None and known_layout(source.header, sample.name) is not None

    def opened(item: Item, options: Options) -> Reader:
        source = source_of(item, head(item))
        if source is None or source.storage != storage:
            what = _ABOUT[storage].removeprefix("any ")
            raise InputError(f"{item}: is no {what}; name its format with --format")
        layout = _layout(source, options)
        facts: dict[str, str] = {}
        exchange = options.exchange or layout.constants.get("exchange")
        if exchange is not None:
            options = replace(options, symbol=options.symbol and spelled(options.symbol, exchange))
            if "symbol" in layout.columns:
                facts = {"exchange": exchange, "symbols": layout.columns["symbol"]}
        return TableReader(
            storage, source, Found(layout), options, prepare=in_venue_spelling, facts=facts
        )

    about = f"{_ABOUT[storage]}, by its column names or --map"
    return Format(storage, about, knows, opened, again(in_venue_spelling))


def _layout(source: Source, options: Options) -> Layout:
    if options.mapping:
        return map_layout(options.mapping, source.header, options)
    layout = known_layout(source.header, source.item.name)
    if layout is None:
        shown = ", ".join(source.header) or "none"
        raise InputError(
            f"{source.item}: its columns do not tell what they are; they are {shown}; say which is"
            " what with --map, for example --map 'timestamp=time:ms, price=price, volume=size'"
        )
    return layout


FORMATS: Final = tuple(_format(storage) for storage in _ABOUT)
