"""What a driver can reach beside its database: made when first used, closed with the driver."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any, TypeVar

K = TypeVar("K")
T = TypeVar("T")


class Resources:
    """One object a kind, each made by its factory when a flow first asks for it."""

    def __init__(self, factories: Mapping[type, Callable[[], Any]]) -> None:
        self._factories = factories
        self._made: dict[type, Any] = {}
        self._lock = Lock()
        self._closed = False

    def get(self, kind: type[K]) -> K:
        """The object of a kind; its factory's errors are raised at every attempt."""
        with self._lock:
            if kind not in self._made:
                self._made[kind] = self._factories[kind]()
            made: K = self._made[kind]
            return made

    def find(self, kind: type[K]) -> K | None:
        """The object of a kind; None where this driver has none."""
        return self.get(kind) if kind in self._factories else None

    def made(self, kind: type[K], factory: Callable[[], K]) -> K:
        """The object of a kind, made by this factory where there is none yet.

        Not after `close`: RuntimeError, as nobody would close it any more.
        """
        with self._lock:
            if self._closed:
                raise RuntimeError("the database is closed")
            if kind not in self._made:
                self._made[kind] = factory()
            made: K = self._made[kind]
            return made

    def use(self, kind: type[K], function: Callable[[K], T]) -> T:
        """Call a function with the object of a kind."""
        return function(self.get(kind))

    def close(self) -> None:
        """Close what was made and can be closed."""
        with self._lock:
            self._closed = True
            while self._made:
                _, made = self._made.popitem()
                if hasattr(made, "close"):
                    made.close()
