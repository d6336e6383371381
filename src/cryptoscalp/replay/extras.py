"""Libraries that only some installations have: what to install where one is missing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from cryptoscalp.infra.db.errors import InputError


@contextmanager
def needed(library: str, extra: str) -> Iterator[None]:
    """Import `library` within this: InputError naming the extra of ours where it is missing.

    What `library` itself cannot import stays the error it is: then it is there, but broken.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name != library:
            raise
        raise InputError(
            f"{library} is not installed; install the extra: pip install 'cryptoscalp[{extra}]'"
        ) from None
