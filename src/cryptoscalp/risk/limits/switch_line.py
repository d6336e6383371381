"""The connection on which bots ask whether they may trade, and how long they wait for an answer.

It is one of its own, so that the switch is read whatever keeps the pool busy. The question is sent
and the answer awaited on libpq's non-blocking calls: neither a server that hangs nor a network that
swallows packets keeps a caller longer than its timeout.
"""

from __future__ import annotations

import asyncio
import math
import os
import select
import threading
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from psycopg import pq

#: Seconds between looks at a connection that is being made.
_LOOK_S: Final = 0.002
#: And after which it is given up and begun anew; callers have stopped waiting long before.
_CONNECT_S: Final = 5
_SESSION: Final = (
    "-c timezone=UTC -c datestyle=ISO -c application_name=cryptoscalp-switch"
    " -c default_transaction_read_only=on -c statement_timeout=5s"
)
#: The socket that is waited for, and whether for room to write.
Wait = tuple[int, bool]


class Late(Exception):
    """No answer within the time that the caller gave."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """The end of a caller's patience, on the monotonic clock."""

    ends: float

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        """So many seconds from now."""
        return cls(time.monotonic() + seconds)

    def left(self) -> float:
        """Seconds that are left; raises Late where none are."""
        found = self.ends - time.monotonic()
        if found <= 0:
            raise Late
        return found


class Dialling:
    """A connection that is being made in a thread: looking up a name or a server may take long."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._lock = threading.Lock()
        self._given_up = False
        self.made: psycopg.Connection[Any] | None = None
        self.error: BaseException | None = None
        threading.Thread(target=self._dial, name="cryptoscalp switch", daemon=True).start()

    @property
    def done(self) -> bool:
        """Whether it has come to an end, good or bad."""
        return self.made is not None or self.error is not None

    def give_up(self) -> None:
        """Close what was made, or will be."""
        with self._lock:
            self._given_up = True
            if self.made is not None:
                self.made.close()

    def _dial(self) -> None:
        try:
            made = psycopg.connect(
                self._dsn,
                autocommit=True,
                connect_timeout=_CONNECT_S,
                client_encoding="utf8",
                options=_SESSION,
            )
        except Exception as error:  # noqa: BLE001 - handed to who asks
            self.error = error
            return
        with self._lock:
            if self._given_up:
                made.close()
            else:
                self.made = made


class _Line:
    """What the blocking and the awaited line share: the connection and the question."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._dialling: Dialling | None = None
        self._process = os.getpid()
        self._closed = False

    def close(self) -> None:
        """Close the connection; it is not made again."""
        self._closed = True
        self._drop()

    def _drop(self) -> None:
        dialling, self._dialling = self._dialling, None
        if dialling is not None:
            dialling.give_up()

    def _answered(
        self, connection: psycopg.Connection[Any], answer: pq.abc.PGresult
    ) -> pq.abc.PGresult:
        if connection.pgconn.status != pq.ConnStatus.OK:
            self._drop()  # its last words: the server is going away
        return answer

    def _connected(self) -> psycopg.Connection[Any] | None:
        """The connection; None while it is being made. Raises why it could not be."""
        if self._closed:
            raise RuntimeError("the database is closed")
        if self._process != os.getpid():
            # A fork has this socket in common with its parent, and would read the parent's answers.
            self._process = os.getpid()
            self._dialling = None
        if self._dialling is None:
            self._dialling = Dialling(self._dsn)
        if self._dialling.error is not None:
            error = self._dialling.error
            self._dialling = None  # the next call tries again
            raise error
        return self._dialling.made


class Line(_Line):
    """Asks with blocking calls; callers of several threads go one after the other."""

    def __init__(self, dsn: str) -> None:
        super().__init__(dsn)
        self._turn = threading.Lock()

    def ask(
        self, question: bytes, params: list[bytes | None], deadline: Deadline
    ) -> pq.abc.PGresult:
        """The answer to a question; raises Late, or what was wrong with the connection."""
        if not self._turn.acquire(timeout=deadline.left()):
            raise Late
        try:
            while (connection := self._connected()) is None:
                time.sleep(min(_LOOK_S, deadline.left()))
            asking = _asking(connection.pgconn, question, params)
            try:
                while True:
                    try:
                        wait = next(asking)
                    except StopIteration as end:
                        return self._answered(connection, end.value)
                    _wait(wait, deadline)
            except BaseException:
                # What would come now would be taken for the answer to the next question.
                self._drop()
                raise
        finally:
            self._turn.release()


class AsyncLine(_Line):
    """Asks on asyncio, on the loop that runs; needs no thread but for connecting."""

    def __init__(self, dsn: str) -> None:
        super().__init__(dsn)
        self._turn = asyncio.Lock()

    async def ask(
        self, question: bytes, params: list[bytes | None], deadline: Deadline
    ) -> pq.abc.PGresult:
        """The answer to a question; raises Late, or what was wrong with the connection."""
        try:
            async with asyncio.timeout(deadline.left()):
                return await self._ask(question, params)
        except TimeoutError:
            raise Late from None

    async def _ask(self, question: bytes, params: list[bytes | None]) -> pq.abc.PGresult:
        async with self._turn:
            while (connection := self._connected()) is None:  # noqa: ASYNC110 - set by a thread
                await asyncio.sleep(_LOOK_S)
            asking = _asking(connection.pgconn, question, params)
            try:
                while True:
                    try:
                        wait = next(asking)
                    except StopIteration as end:
                        return self._answered(connection, end.value)
                    await _awaited(wait)
            except BaseException:
                self._drop()
                raise


def _asking(
    pgconn: pq.abc.PGconn, question: bytes, params: list[bytes | None]
) -> Generator[Wait, None, pq.abc.PGresult]:
    """Send a question and take its answer in, yielding where the socket has to be waited for."""
    pgconn.send_query_params(question, params)
    while pgconn.flush():
        yield pgconn.socket, True
    answer: pq.abc.PGresult | None = None
    while True:
        yield pgconn.socket, False
        pgconn.consume_input()
        while not pgconn.is_busy():
            found = pgconn.get_result()
            if found is None:
                assert answer is not None
                return answer
            answer = found


def _wait(wait: Wait, deadline: Deadline) -> None:
    socket, to_write = wait
    poll = select.poll()
    poll.register(socket, select.POLLOUT if to_write else select.POLLIN)
    if not poll.poll(math.ceil(deadline.left() * 1000)):
        raise Late


async def _awaited(wait: Wait) -> None:
    socket, to_write = wait
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()
    add: Callable[..., Any]
    add, remove = (
        (loop.add_writer, loop.remove_writer) if to_write else (loop.add_reader, loop.remove_reader)
    )
    add(socket, _done, ready)
    try:
        await ready
    finally:
        remove(socket)


def _done(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)
