"""An iterator whose items are made ahead in a thread, at most a few of them."""

from __future__ import annotations

from collections.abc import Iterator
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import Generic, TypeVar

T = TypeVar("T")
_POLL_S = 0.05


class Prefetch(Generic[T]):
    """Makes items ahead while the caller works on earlier ones; `close` ends the thread.

    At most `ahead` items wait, so memory is bounded. An error of the iterator is raised by `take`
    in its place in the order.
    """

    def __init__(self, items: Iterator[T], *, ahead: int = 2) -> None:
        self._items = items
        self._queue: Queue[tuple[T | None, BaseException | None]] = Queue(ahead)
        self._stop = Event()
        self._failed: BaseException | None = None
        self._thread = Thread(target=self._make, name="cryptoscalp-prefetch", daemon=True)
        self._thread.start()

    def take(self) -> T | None:
        """The next item, or None after the last one."""
        while True:
            try:
                item, error = self._queue.get(timeout=_POLL_S)
            except Empty:
                if not self._thread.is_alive() and self._queue.empty():
                    return None
                continue
            if error is not None:
                raise error
            return item

    def take_ready(self, most: int) -> list[T]:
        """The next item and those made already behind it, at most `most`; empty after the last.

        An error behind a good item is raised by the next call, after the good ones were given out.
        """
        if self._failed is not None:
            raise self._failed
        first = self.take()
        if first is None:
            return []
        found = [first]
        while len(found) < most:
            try:
                item, self._failed = self._queue.get_nowait()
            except Empty:
                break
            if item is None:
                break
            found.append(item)
        return found

    def close(self) -> None:
        """Stop making items and wait for the thread."""
        self._stop.set()
        self._thread.join()

    def _make(self) -> None:
        try:
            for item in self._items:
                if not self._put((item, None)):
                    return
        except BaseException as error:  # noqa: BLE001 - handed to the thread that takes
            self._put((None, error))

    def _put(self, entry: tuple[T | None, BaseException | None]) -> bool:
        while not self._stop.is_set():
            try:
                self._queue.put(entry, timeout=_POLL_S)
            except Full:
                continue
            return True
        return False
