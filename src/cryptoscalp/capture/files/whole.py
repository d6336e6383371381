"""Files that are not read from front to back: Parquet and Feather keep their index at the end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from cryptoscalp.capture.files.items import Item
from cryptoscalp.capture.files.stored import opened
from cryptoscalp.capture.files.temporary import kept
from cryptoscalp.capture.files.unpacking import is_plain, pieces
from cryptoscalp.infra.db.errors import InputError


@contextmanager
def seekable(item: Item) -> Iterator[BinaryIO]:
    """An item's plain bytes as a file: itself, or unpacked into a temporary one.

    Raises InputError as `pieces` does, and for a stream that is damaged or cut off.
    """
    if is_plain(item):
        with opened(item.path) as stream:
            yield stream
        return
    with kept(pieces(item), str(item)) as (stream, broken):
        if broken is not None:
            raise InputError(f"{item}: cannot be read: {broken}; nothing was imported")
        yield stream
