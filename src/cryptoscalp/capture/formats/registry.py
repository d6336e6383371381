"""Every format, in the order in which a file is shown to them."""

from __future__ import annotations

from typing import Final

from cryptoscalp.capture.files.items import Item
from cryptoscalp.capture.files.lines import head
from cryptoscalp.capture.formats import (
    binance_vision,
    collector_files,
    columnar,
    cryptofeed,
    csv_generic,
    freqtrade,
    kraken,
    lean,
    nautilus,
    okx,
    tardis,
)
from cryptoscalp.capture.formats.reading import Format, Options, Sample
from cryptoscalp.capture.formats.sources import storage_of
from cryptoscalp.infra.db.errors import UnknownFormat

FORMATS: Final[tuple[Format, ...]] = (
    collector_files.FORMAT,
    cryptofeed.CRYPTOFEED,
    lean.FORMAT,
    binance_vision.FORMAT,
    tardis.FORMAT,
    okx.FORMAT,
    kraken.FORMAT,
    nautilus.FORMAT,
    freqtrade.FORMAT,
    csv_generic.FORMAT,
    *columnar.FORMATS,
)


def named(name: str) -> Format | None:
    """The format of this name."""
    return next((one for one in FORMATS if one.name == name), None)


def choose(item: Item, name: str | None, options: Options) -> Format:
    """The format that is named, or the first that knows the file; with a map a generic one.

    Raises UnknownFormat when there is none, InputError when the file cannot be opened.
    """
    beginning = head(item)
    if name is not None:
        if (known := named(name)) is not None:
            return known
        raise UnknownFormat(
            f"there is no format {name!r}; choose {', '.join(one.name for one in FORMATS)}"
        )
    if options.mapping and (mapped := named(storage_of(beginning, item.name) or "csv")):
        return mapped
    sample = Sample(item, item.name, beginning)
    for one in FORMATS:
        if one.knows(sample):
            return one
    raise UnknownFormat(
        f"{item}: no importer knows this file; name its format with --format (`cryptoscalp import"
        " formats` lists them) or say which column is what with --map"
    )
