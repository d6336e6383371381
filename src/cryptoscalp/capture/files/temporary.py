"""Unpacked content kept in an unnamed temporary file, gone when it is closed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from tempfile import TemporaryFile
from typing import BinaryIO

from cryptoscalp.capture.files.stored import Broken
from cryptoscalp.infra.db.errors import InputError


@contextmanager
def kept(
    pieces: Iterator[tuple[bytes, int]], name: str
) -> Iterator[tuple[BinaryIO, Broken | None]]:
    """A temporary file with all pieces, at its beginning, and the break that ended them.

    Raises InputError when the disk has no room for it; `name` is what the pieces are of.
    """
    broken: Broken | None = None
    with ExitStack() as open_files:
        try:
            file = open_files.enter_context(TemporaryFile())
            for piece, _ in pieces:
                file.write(piece)
            file.seek(0)
        except Broken as error:
            broken = error
            file.seek(0)
        except OSError as error:
            raise InputError(
                f"{name}: cannot be unpacked in the temporary directory: {error.strerror}; "
                f"set TMPDIR to a place with room"
            ) from error
        yield file, broken
