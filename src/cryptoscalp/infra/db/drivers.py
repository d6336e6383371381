"""The two drivers: they perform a flow's steps on psycopg 3, blocking or awaiting."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from functools import partial
from types import MappingProxyType
from typing import Any, Final, TypeAlias, TypeVar

import psycopg
from psycopg.adapt import AdaptersMap
from psycopg_pool import AsyncConnectionPool, ConnectionPool, PoolTimeout

from cryptoscalp.infra.db import arrays, packed, side_by_side
from cryptoscalp.infra.db.arrow import ArrowReader, BrokenRead
from cryptoscalp.infra.db.flow import (
    Arrow,
    Aside,
    Call,
    CopyIn,
    Flow,
    Operation,
    Rows,
    Run,
    Step,
    Together,
    Using,
)
from cryptoscalp.infra.db.resources import Resources
from cryptoscalp.infra.db.translate import is_lost, is_transient, translate
from cryptoscalp.infra.db.waiting import LastWords, wait_for_server

T = TypeVar("T")
_Pool: TypeAlias = ConnectionPool[psycopg.Connection[Any]]
_AsyncPool: TypeAlias = AsyncConnectionPool[psycopg.AsyncConnection[Any]]
_NONE: Final[Mapping[str, Any]] = MappingProxyType({})
#: A flow that may be retried is started at most this often.
ATTEMPTS = 6
TOGETHER_INSIDE: Final = "flows run side by side outside of a transaction only"
_SESSION = {
    "autocommit": True,
    "prepare_threshold": 2,
    "options": "-c timezone=UTC -c application_name=cryptoscalp",
}


def _pause(attempt: int) -> float:
    """Seconds before attempt n + 1: 20 ms doubled each time, half of it random."""
    return float(0.02 * 2**attempt * (0.5 + random.random() / 2))


class SyncDriver:
    """Runs flows with blocking calls.

    A transaction holds one connection; a flow without one takes a connection for each step. What
    runs aside of a transaction has a pool of its own: taken from the same one, as many
    transactions as it has connections would wait for each other.
    """

    def __init__(
        self,
        dsn: str,
        *,
        max_connections: int,
        timeout_s: float,
        resources: Resources | None = None,
    ) -> None:
        self.dsn = dsn
        self.arrow = ArrowReader(dsn)
        self.resources = resources or Resources({})
        self.pool, self.asides = (
            ConnectionPool[psycopg.Connection[Any]](
                dsn,
                kwargs=_SESSION,
                min_size=size,
                max_size=max_connections,
                timeout=timeout_s,
                open=False,
                configure=lambda connection: _adapt(connection.adapters),
            )
            for size in (1, 0)
        )

    def open(self) -> None:
        """Open the pools; the first connection is made in the background."""
        self.pool.open()
        self.asides.open()

    def close(self) -> None:
        """Close every connection."""
        self.arrow.close()
        self.resources.close()
        self.pool.close()
        self.asides.close()

    def run(self, plan: Operation, *args: Any, **kwargs: Any) -> Any:
        """Run the flow to its end and return its result; errors are cryptoscalp's."""
        return self._run(self.pool, plan, args, kwargs)

    def _run(self, pool: _Pool, plan: Operation, args: Any = (), kwargs: Any = _NONE) -> Any:
        for attempt in range(ATTEMPTS):
            try:
                return self._once(pool, plan, args, kwargs)
            except (psycopg.Error, PoolTimeout, BrokenRead) as error:
                if not (plan.retry and attempt + 1 < ATTEMPTS and is_transient(error)):
                    if isinstance(error, BrokenRead):
                        raise
                    raise translate(error) from error
                if is_lost(error):
                    wait_for_server(self.dsn, self.resources.find(LastWords))
                    pool.check()
                time.sleep(_pause(attempt))
        raise AssertionError("unreachable")

    def _once(self, pool: _Pool, plan: Operation, args: Any, kwargs: Any) -> Any:
        if not plan.transaction:
            return self._drive(plan.flow(*args, **kwargs), partial(self._alone, pool))
        with ExitStack() as stack:
            begun: list[psycopg.Connection[Any]] = []

            def perform(step: Step) -> Any:
                if not begun:
                    if isinstance(step, (Aside, Call, Using)):
                        return self._alone(pool, step)
                    begun.append(stack.enter_context(self._transaction(pool)))
                return self._perform(begun[0], step)

            return self._drive(plan.flow(*args, **kwargs), perform)

    @contextmanager
    def _transaction(self, pool: _Pool) -> Iterator[psycopg.Connection[Any]]:
        connection = pool.getconn()
        try:
            with connection.transaction():
                yield connection
        finally:
            pool.putconn(connection)

    def _alone(self, pool: _Pool, step: Step) -> Any:
        match step:
            case Aside(flow, transaction):
                return self._run(pool, Operation(flow, transaction, retry=True))
            case Call(function):
                return function()
            case Using(kind, function):
                return function(self.resources.get(kind))
            case Together(flows, at_most):
                alone = partial(self._alone, pool)
                return side_by_side.in_threads(
                    flows, at_most, lambda flow, gate: self._drive(flow(), gate(alone))
                )
        connection = pool.getconn()
        try:
            return self._perform(connection, step)
        finally:
            pool.putconn(connection)

    def _drive(self, flow: Flow[T], perform: Callable[[Step], Any]) -> T:
        try:
            step = next(flow)
            while True:
                try:
                    result = perform(step)
                except Exception as error:  # noqa: BLE001 - the flow's, which may know what to do
                    step = flow.throw(error)
                else:
                    step = flow.send(result)
        except StopIteration as end:
            result_: T = end.value
            return result_
        finally:
            flow.close()

    def _perform(self, connection: psycopg.Connection[Any], step: Step) -> Any:
        match step:
            case Rows(query, params, prepare):
                found = connection.execute(query, params, prepare=prepare, binary=True)
                return found.fetchall()
            case Run(query, params, prepare):
                return connection.execute(query, params, prepare=prepare).rowcount
            case CopyIn(statement, buffers):
                with connection.cursor() as cursor, cursor.copy(statement) as copy:
                    for buffer in buffers:
                        copy.write(buffer)
                return None
            case Arrow(query, params):
                return self.arrow.read(psycopg.ClientCursor(connection).mogrify(query, params))
            case Aside(flow, transaction):
                return self._run(self.asides, Operation(flow, transaction, retry=True))
            case Call(function):
                return function()
            case Using(kind, function):
                return function(self.resources.get(kind))
            case Together():
                raise AssertionError(TOGETHER_INSIDE)


class AsyncDriver:
    """Runs flows on asyncio, with connections as `SyncDriver` has them."""

    def __init__(
        self,
        dsn: str,
        *,
        max_connections: int,
        timeout_s: float,
        resources: Resources | None = None,
    ) -> None:
        self.dsn = dsn
        self.arrow = ArrowReader(dsn)
        self.resources = resources or Resources({})
        self.pool, self.asides = (
            AsyncConnectionPool[psycopg.AsyncConnection[Any]](
                dsn,
                kwargs=_SESSION,
                min_size=size,
                max_size=max_connections,
                timeout=timeout_s,
                open=False,
                configure=_configure,
            )
            for size in (1, 0)
        )

    async def open(self) -> None:
        """Open the pools; the first connection is made in the background."""
        await self.pool.open()
        await self.asides.open()

    async def close(self) -> None:
        """Close every connection."""
        self.arrow.close()
        self.resources.close()
        await self.pool.close()
        await self.asides.close()

    async def run(self, plan: Operation, *args: Any, **kwargs: Any) -> Any:
        """Run the flow to its end and return its result; errors are cryptoscalp's."""
        return await self._run(self.pool, plan, args, kwargs)

    async def _run(
        self, pool: _AsyncPool, plan: Operation, args: Any = (), kwargs: Any = _NONE
    ) -> Any:
        for attempt in range(ATTEMPTS):
            try:
                return await self._once(pool, plan, args, kwargs)
            except (psycopg.Error, PoolTimeout, BrokenRead) as error:
                if not (plan.retry and attempt + 1 < ATTEMPTS and is_transient(error)):
                    if isinstance(error, BrokenRead):
                        raise
                    raise translate(error) from error
                if is_lost(error):
                    await asyncio.to_thread(
                        wait_for_server, self.dsn, self.resources.find(LastWords)
                    )
                    await pool.check()
                await asyncio.sleep(_pause(attempt))
        raise AssertionError("unreachable")

    async def _once(self, pool: _AsyncPool, plan: Operation, args: Any, kwargs: Any) -> Any:
        if not plan.transaction:
            return await self._drive(plan.flow(*args, **kwargs), partial(self._alone, pool))
        async with AsyncExitStack() as stack:
            begun: list[psycopg.AsyncConnection[Any]] = []

            async def perform(step: Step) -> Any:
                if not begun:
                    if isinstance(step, (Aside, Call, Using)):
                        return await self._alone(pool, step)
                    begun.append(await stack.enter_async_context(self._transaction(pool)))
                return await self._perform(begun[0], step)

            return await self._drive(plan.flow(*args, **kwargs), perform)
        raise AssertionError("unreachable")

    @asynccontextmanager
    async def _transaction(self, pool: _AsyncPool) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
        connection = await pool.getconn()
        try:
            async with connection.transaction():
                yield connection
        finally:
            await pool.putconn(connection)

    async def _alone(self, pool: _AsyncPool, step: Step) -> Any:
        match step:
            case Aside(flow, transaction):
                return await self._run(pool, Operation(flow, transaction, retry=True))
            case Call(function):
                return await asyncio.to_thread(function)
            case Using(kind, function):
                return await asyncio.to_thread(self.resources.use, kind, function)
            case Together(flows, at_most):
                alone = partial(self._alone, pool)
                return await side_by_side.in_tasks(
                    flows, at_most, lambda flow: self._drive(flow(), alone)
                )
        connection = await pool.getconn()
        try:
            return await self._perform(connection, step)
        finally:
            await pool.putconn(connection)

    async def _drive(self, flow: Flow[T], perform: Callable[[Step], Awaitable[Any]]) -> T:
        try:
            step = next(flow)
            while True:
                try:
                    result = await perform(step)
                except Exception as error:  # noqa: BLE001 - the flow's, which may know what to do
                    step = flow.throw(error)
                else:
                    step = flow.send(result)
        except StopIteration as end:
            result_: T = end.value
            return result_
        finally:
            flow.close()

    async def _perform(self, connection: psycopg.AsyncConnection[Any], step: Step) -> Any:
        match step:
            case Rows(query, params, prepare):
                found = await connection.execute(query, params, prepare=prepare, binary=True)
                return await found.fetchall()
            case Run(query, params, prepare):
                return (await connection.execute(query, params, prepare=prepare)).rowcount
            case CopyIn(statement, buffers):
                async with connection.cursor() as cursor, cursor.copy(statement) as copy:
                    for buffer in buffers:
                        await copy.write(buffer)
                return None
            case Arrow(query, params):
                text = psycopg.AsyncClientCursor(connection).mogrify(query, params)
                return await asyncio.to_thread(self.arrow.read, text)
            case Aside(flow, transaction):
                return await self._run(self.asides, Operation(flow, transaction, retry=True))
            case Call(function):
                return await asyncio.to_thread(function)
            case Using(kind, function):
                return await asyncio.to_thread(self.resources.use, kind, function)
            case Together():
                raise AssertionError(TOGETHER_INSIDE)


async def _configure(connection: psycopg.AsyncConnection[Any]) -> None:
    _adapt(connection.adapters)


def _adapt(target: AdaptersMap) -> None:
    arrays.register(target)
    packed.register(target)
