"""Waiting: as long as the server shows life, and one process at a time."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptoscalp.infra.db.errors import ServerError
from cryptoscalp.infra.server.log_files import sizes
from cryptoscalp.infra.server.paths import Layout


class Patience:
    """A time limit that starts anew whenever one of the server's logs grows.

    A long crash recovery reports its progress there, so it is waited for; a silent server is not.
    """

    def __init__(self, limit_s: float, layout: Layout) -> None:
        self._limit_s = limit_s
        self._layout = layout
        self._seen = self._size()
        self._end = time.monotonic() + limit_s

    @property
    def spent(self) -> bool:
        """True once `limit_s` seconds passed without a sign of life."""
        size = self._size()
        if size != self._seen:
            self._seen = size
            self._end = time.monotonic() + self._limit_s
        return time.monotonic() > self._end

    def pause(self) -> None:
        """Wait a moment."""
        time.sleep(0.05)

    def _size(self) -> int:
        return sum(sizes(self._layout).values())


@contextmanager
def exclusive(path: Path, patience: Patience) -> Iterator[None]:
    """Hold the lock file `path` alone among processes and threads; it goes with its holder's life.

    Raises ServerError when another process keeps it longer than the patience lasts.
    """
    # Never inherited: a server that kept this descriptor would keep the lock for its whole life.
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if patience.spent:
                    raise ServerError(
                        f"another process holds {path} and shows no progress in starting or "
                        f"stopping the server; find it (fuser {path}) and end it, then try again"
                    ) from None
                patience.pause()
        yield
    finally:
        os.close(handle)
