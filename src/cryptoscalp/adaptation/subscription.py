"""Events as an iterator: `for event in db.adaptation.events("trainer")`, or `async for`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Collection, Generator
from typing import Any, Final, Protocol, overload

import psycopg_pool

from cryptoscalp.adaptation.adaptation_types import AdaptationEvent, Trigger
from cryptoscalp.adaptation.events import acknowledge, pending_events
from cryptoscalp.infra.db.drivers import AsyncDriver, SyncDriver
from cryptoscalp.infra.db.errors import ConnectionLost, Contention
from cryptoscalp.infra.db.face import Face
from cryptoscalp.infra.db.flow import Operation

_PENDING: Final = Operation(pending_events, transaction=False, retry=True)
_ACKNOWLEDGE: Final = Operation(acknowledge, transaction=False, retry=True)
#: Events read at once.
_BATCH: Final = 100
#: Pause after a server that did not answer, in seconds.
_PATIENCE_S: Final = 1.0


class Events(Protocol):
    """`events` on the blocking face."""

    def __call__(
        self,
        subscriber: str,
        *,
        kinds: Collection[Trigger] | None = None,
        from_start: bool = False,
        poll_s: float = 0.25,
    ) -> Generator[AdaptationEvent, None, None]: ...


class AsyncEvents(Protocol):
    """`events` on the asyncio face."""

    def __call__(
        self,
        subscriber: str,
        *,
        kinds: Collection[Trigger] | None = None,
        from_start: bool = False,
        poll_s: float = 0.25,
    ) -> AsyncGenerator[AdaptationEvent, None]: ...


class subscription:  # noqa: N801 - reads as a declaration, like `operation`
    """Events without an end, for a subscriber that is known by its name.

    Delivered in order, each at least once: an event is acknowledged when the next one is asked
    for. A consumer that ends or breaks off meanwhile, even in good order, gets its last event again
    the next time; it should be safe to handle one twice. Two consumers under one name may both get
    an event; the position never goes back.

    `kinds`: only these. `from_start`: a new subscriber begins with the first event there is, not
    with what comes now. `poll_s`: seconds between looks while there is nothing new; no connection
    is held meanwhile. A server that is away is waited for without an end; any other error is
    raised.
    """

    @overload
    def __get__(self, face: Face[SyncDriver], owner: object) -> Events: ...
    @overload
    def __get__(self, face: Face[AsyncDriver], owner: object) -> AsyncEvents: ...
    @overload
    def __get__(self, face: None, owner: object) -> subscription: ...
    def __get__(self, face: Face[Any] | None, owner: object) -> Any:
        if face is None:
            return self
        driver = face.driver
        return _AsyncSource(driver) if isinstance(driver, AsyncDriver) else _Source(driver)


class _Source:
    __doc__ = subscription.__doc__

    def __init__(self, driver: SyncDriver) -> None:
        self.driver = driver

    def __call__(
        self,
        subscriber: str,
        *,
        kinds: Collection[Trigger] | None = None,
        from_start: bool = False,
        poll_s: float = 0.25,
    ) -> Generator[AdaptationEvent, None, None]:
        while True:
            found = self._run(_PENDING, subscriber, _BATCH, kinds=kinds, from_start=from_start)
            for event in found:
                yield event
                self._run(_ACKNOWLEDGE, subscriber, event.event_id)
            if not found:
                time.sleep(poll_s)

    def _run(self, plan: Operation, *args: Any, **kwargs: Any) -> Any:
        while True:
            try:
                return self.driver.run(plan, *args, **kwargs)
            except (ConnectionLost, Contention) as error:
                _raise_if_closed(error)
            time.sleep(_PATIENCE_S)


class _AsyncSource:
    __doc__ = subscription.__doc__

    def __init__(self, driver: AsyncDriver) -> None:
        self.driver = driver

    async def __call__(
        self,
        subscriber: str,
        *,
        kinds: Collection[Trigger] | None = None,
        from_start: bool = False,
        poll_s: float = 0.25,
    ) -> AsyncGenerator[AdaptationEvent, None]:
        while True:
            found = await self._run(
                _PENDING, subscriber, _BATCH, kinds=kinds, from_start=from_start
            )
            for event in found:
                yield event
                await self._run(_ACKNOWLEDGE, subscriber, event.event_id)
            if not found:
                await asyncio.sleep(poll_s)

    async def _run(self, plan: Operation, *args: Any, **kwargs: Any) -> Any:
        while True:
            try:
                return await self.driver.run(plan, *args, **kwargs)
            except (ConnectionLost, Contention) as error:
                _raise_if_closed(error)
            await asyncio.sleep(_PATIENCE_S)


def _raise_if_closed(error: Exception) -> None:
    """A database that its owner closed does not come back."""
    if isinstance(error.__cause__, psycopg_pool.PoolClosed):
        raise error


for _source in (_Source, _AsyncSource):
    # What help() shows of the method, on both faces.
    _source.__call__.__doc__ = subscription.__doc__
