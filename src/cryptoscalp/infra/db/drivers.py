"""The two drivers: they perform a flow's steps on psycopg 3, blocking or awaiting."""

from __future__ import annotations

import asyncio
import random
import time
from typing import Any, TypeVar

import psycopg
from psycopg_pool import AsyncConnectionPool, ConnectionPool, PoolTimeout

from cryptoscalp.infra.db import arrays
from cryptoscalp.infra.db.arrow import ArrowReader
from cryptoscalp.infra.db.flow import Arrow, Aside, Call, CopyIn, Flow, Operation, Rows, Run, Step
from cryptoscalp.infra.db.translate import is_lost, is_transient, translate

T = TypeVar("T")
#: A flow that may be retried is started at most this often.
ATTEMPTS = 6
_SESSION = {
    "autocommit": True,
    "prepare_threshold": 2,
    "options": "-c timezone=UTC -c application_name=cryptoscalp",
}


def _pause(attempt: int) -> float:
    """Seconds before attempt n + 1: 20 ms doubled each time, half of it random."""
    return float(0.02 * 2**attempt * (0.5 + random.random() / 2))


class SyncDriver:
    """Runs flows with blocking calls; one connection of the pool a flow."""

    def __init__(self, dsn: str, *, max_connections: int, timeout_s: float) -> None:
        self.dsn = dsn
        self.arrow = ArrowReader(dsn)
        self.pool: ConnectionPool[psycopg.Connection[Any]] = ConnectionPool(
            dsn,
            kwargs=_SESSION,
            min_size=1,
            max_size=max_connections,
            timeout=timeout_s,
            open=False,
            configure=lambda connection: arrays.register(connection.adapters),
        )

    def open(self) -> None:
        """Open the pool; the first connection is made in the background."""
        self.pool.open()

    def close(self) -> None:
        """Close every connection."""
        self.arrow.close()
        self.pool.close()

    def run(self, plan: Operation, *args: Any, **kwargs: Any) -> Any:
        """Run the flow to its end and return its result; errors are cryptoscalp's."""
        for attempt in range(ATTEMPTS):
            try:
                return self._once(plan, args, kwargs)
            except (psycopg.Error, PoolTimeout) as error:
                if not (plan.retry and attempt + 1 < ATTEMPTS and is_transient(error)):
                    raise translate(error) from error
                if is_lost(error):
                    self.pool.check()
                time.sleep(_pause(attempt))
        raise AssertionError("unreachable")

    def _once(self, plan: Operation, args: Any, kwargs: Any) -> Any:
        connection = self.pool.getconn()
        try:
            if not plan.transaction:
                return self._drive(connection, plan.flow(*args, **kwargs))
            with connection.transaction():
                return self._drive(connection, plan.flow(*args, **kwargs))
        finally:
            self.pool.putconn(connection)

    def _drive(self, connection: psycopg.Connection[Any], flow: Flow[T]) -> T:
        try:
            step = next(flow)
            while True:
                try:
                    result = self._perform(connection, step)
                except psycopg.Error as error:
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
                with connection.cursor(binary=True) as cursor:
                    return cursor.execute(query, params, prepare=prepare).fetchall()
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
                return self.run(Operation(flow, transaction, retry=True))
            case Call(function):
                return function()


class AsyncDriver:
    """Runs flows on asyncio; one connection of the pool a flow."""

    def __init__(self, dsn: str, *, max_connections: int, timeout_s: float) -> None:
        self.dsn = dsn
        self.arrow = ArrowReader(dsn)
        self.pool: AsyncConnectionPool[psycopg.AsyncConnection[Any]] = AsyncConnectionPool(
            dsn,
            kwargs=_SESSION,
            min_size=1,
            max_size=max_connections,
            timeout=timeout_s,
            open=False,
            configure=_configure,
        )

    async def open(self) -> None:
        """Open the pool; the first connection is made in the background."""
        await self.pool.open()

    async def close(self) -> None:
        """Close every connection."""
        self.arrow.close()
        await self.pool.close()

    async def run(self, plan: Operation, *args: Any, **kwargs: Any) -> Any:
        """Run the flow to its end and return its result; errors are cryptoscalp's."""
        for attempt in range(ATTEMPTS):
            try:
                return await self._once(plan, args, kwargs)
            except (psycopg.Error, PoolTimeout) as error:
                if not (plan.retry and attempt + 1 < ATTEMPTS and is_transient(error)):
                    raise translate(error) from error
                if is_lost(error):
                    await self.pool.check()
                await asyncio.sleep(_pause(attempt))
        raise AssertionError("unreachable")

    async def _once(self, plan: Operation, args: Any, kwargs: Any) -> Any:
        connection = await self.pool.getconn()
        try:
            if not plan.transaction:
                return await self._drive(connection, plan.flow(*args, **kwargs))
            async with connection.transaction():
                return await self._drive(connection, plan.flow(*args, **kwargs))
        finally:
            await self.pool.putconn(connection)

    async def _drive(self, connection: psycopg.AsyncConnection[Any], flow: Flow[T]) -> T:
        try:
            step = next(flow)
            while True:
                try:
                    result = await self._perform(connection, step)
                except psycopg.Error as error:
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
                async with connection.cursor(binary=True) as cursor:
                    await cursor.execute(query, params, prepare=prepare)
                    return await cursor.fetchall()
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
                return await self.run(Operation(flow, transaction, retry=True))
            case Call(function):
                return await asyncio.to_thread(function)


async def _configure(connection: psycopg.AsyncConnection[Any]) -> None:
    arrays.register(connection.adapters)
