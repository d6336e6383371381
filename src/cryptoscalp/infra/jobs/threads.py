"""Threads of a worker, which know for which run they work."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import ContextVar
from typing import Any, Final, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_MINE: Final[ContextVar[set[Future[Any]] | None]] = ContextVar("threads of this run", default=None)


class Threads(ThreadPoolExecutor):
    """The default executor of a worker's loop.

    A blocking call in a thread cannot be cancelled. A run that was given up must not let go of
    its lock while such a call still works, so it waits for its own.
    """

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Run a function in a thread and remember it for the run that asked."""
        future = super().submit(fn, *args, **kwargs)
        mine = _MINE.get()
        if mine is not None:
            mine.add(future)
            future.add_done_callback(mine.discard)
        return future


def begin() -> set[Future[Any]]:
    """From here on the threads of this task and of those it starts are kept in the set."""
    mine: set[Future[Any]] = set()
    _MINE.set(mine)
    return mine


async def ended(mine: set[Future[Any]]) -> None:
    """Wait until none of the threads works any more, whatever came of them."""
    while working := [asyncio.wrap_future(one) for one in tuple(mine) if not one.done()]:
        await asyncio.wait(working)
