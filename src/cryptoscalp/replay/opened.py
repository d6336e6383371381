"""`memory` and `adding` on both faces: blocking, or awaited."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from types import TracebackType
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar, overload

from cryptoscalp.infra.db.drivers import AsyncDriver, SyncDriver
from cryptoscalp.infra.db.face import Face
from cryptoscalp.replay.adding import Adding

P = ParamSpec("P")
A = TypeVar("A", bound=Adding)


class Opening(Generic[A]):
    """A buffer that opens when it is awaited or entered: `async with db.replay.memory("x") as m`.

    Its methods are called as they are, also on asyncio: they work in memory and the journal, and
    wait only where that is full. Leaving `async with` flushes in a thread; of one that was awaited,
    `close` blocks until it is flushed.
    """

    def __init__(self, function: Callable[[], A]) -> None:
        self._function = function
        self._opened: A | None = None

    async def _open(self) -> A:
        return await asyncio.to_thread(self._function)

    def __await__(self) -> Generator[Any, None, A]:
        return self._open().__await__()

    async def __aenter__(self) -> A:
        self._opened = await self._open()
        return self._opened

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._opened is not None:
            await asyncio.to_thread(self._opened.close)


class opened(Generic[P, A]):  # noqa: N801 - reads as a declaration, like `operation`
    """A function of a connection string and more, as an attribute of a face.

    On `Face[SyncDriver]` it returns what is open, on `Face[AsyncDriver]` an `Opening` of it.
    """

    def __init__(self, function: Callable[Concatenate[str, P], A]) -> None:
        self._function = function
        self.__doc__ = function.__doc__

    @overload
    def __get__(self, face: Face[SyncDriver], owner: object) -> Callable[P, A]: ...
    @overload
    def __get__(self, face: Face[AsyncDriver], owner: object) -> Callable[P, Opening[A]]: ...
    @overload
    def __get__(self, face: None, owner: object) -> opened[P, A]: ...
    def __get__(self, face: Face[Any] | None, owner: object) -> Any:
        if face is None:
            return self
        function, driver = self._function, face.driver

        def call(*args: P.args, **kwargs: P.kwargs) -> Any:
            if isinstance(driver, AsyncDriver):
                return Opening(lambda: function(driver.dsn, *args, **kwargs))
            return function(driver.dsn, *args, **kwargs)

        call.__doc__ = function.__doc__
        return call
