"""A bounded pipe between a flow that reads PostgreSQL and a thread that writes to the lake."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from threading import Condition

import pyarrow as pa

from cryptoscalp.infra.cold.types import Part

#: Pages that wait between reader and writer.
_ROOM = 2


class Pipe:
    """Pages of parts, in order. Whichever end fails or stops releases the other."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._held: deque[tuple[Part, pa.Table]] = deque()
        self._ended = False
        self._closed = False
        self._error: BaseException | None = None

    def put(self, part: Part, page: pa.Table) -> bool:
        """Hand over a page, waiting for room; False when nobody takes any more."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or len(self._held) < _ROOM)
            if not self._closed:
                self._held.append((part, page))
                self._changed.notify_all()
            return not self._closed

    def end(self, error: BaseException | None = None) -> None:
        """Say that no page follows; the taker gets `error`, if there is one. Only once."""
        with self._changed:
            if not self._ended:
                self._ended, self._error = True, error
                self._changed.notify_all()

    def close(self) -> None:
        """Say that nothing is taken any more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def parts(self, parts: list[Part]) -> Iterator[tuple[Part, Iterator[pa.Table]]]:
        """Each part with its pages; the pages of one are taken before the next part is."""
        for part in parts:
            yield part, self._pages(part)

    def _pages(self, part: Part) -> Iterator[pa.Table]:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._held or self._ended)
                if self._error is not None:
                    raise self._error
                if not self._held or self._held[0][0] != part:
                    return
                _, page = self._held.popleft()
                self._changed.notify_all()
            yield page
