"""Several flows at once: in threads for the blocking driver, in tasks on asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from threading import Event
from typing import Any, TypeVar

F = TypeVar("F")
_Perform = Callable[[Any], Any]


class Stopped(Exception):
    """Another flow failed, or the caller was interrupted: this one does not go on."""


def in_threads(
    flows: Sequence[F], at_most: int, drive: Callable[[F, Callable[[_Perform], _Perform]], Any]
) -> list[Any]:
    """Drive each flow in one of `at_most` threads and return the results in order.

    `drive(flow, gate)` performs the flow's steps through `gate(perform)`, which raises Stopped
    once a flow has failed, so that no thread outlives the call. The first failure is raised.
    """
    if at_most <= 1 or len(flows) <= 1:
        return [drive(flow, lambda perform: perform) for flow in flows]
    stop = Event()
    failures: list[BaseException] = []

    def gate(perform: _Perform) -> _Perform:
        def guarded(step: Any) -> Any:
            if stop.is_set():
                raise Stopped
            return perform(step)

        return guarded

    def one(flow: F) -> Any:
        if stop.is_set():
            raise Stopped
        try:
            return drive(flow, gate)
        except Stopped:
            raise
        except BaseException as error:
            # Here, not where it is waited for: this thread would begin another flow meanwhile.
            failures.append(error)
            stop.set()
            raise

    with ThreadPoolExecutor(at_most, thread_name_prefix="cryptoscalp-flow") as threads:
        running = [threads.submit(one, flow) for flow in flows]
        try:
            wait(running, return_when=FIRST_EXCEPTION)
        except BaseException:
            stop.set()
            threads.shutdown(wait=True, cancel_futures=True)
            raise
        if failures:
            threads.shutdown(wait=True, cancel_futures=True)
            raise failures[0]
        return [future.result() for future in running]


async def in_tasks(
    flows: Sequence[F], at_most: int, drive: Callable[[F], Awaitable[Any]]
) -> list[Any]:
    """Drive each flow in a task, `at_most` at once, and return the results in order.

    The first failure cancels the others and is raised after they have ended.
    """
    turn = asyncio.Semaphore(max(1, at_most))

    async def one(flow: F) -> Any:
        async with turn:
            return await drive(flow)

    tasks = [asyncio.ensure_future(one(flow)) for flow in flows]
    try:
        return list(await asyncio.gather(*tasks))
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
