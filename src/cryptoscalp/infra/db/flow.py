"""Flows: database work as generators that yield steps and return a typed result.

A flow never touches a connection. It yields a step (a value that says what to do), is sent
that step's result, and in the end returns its own. Two small drivers (`drivers.py`) perform the
steps, one with blocking calls and one with `await`; no operation is written twice.

    def newest(symbol: str) -> Flow[Decimal]:
        found = yield from rows("SELECT price FROM newest_trades WHERE symbol = %s", (symbol,))
        return found[0][0]
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, LiteralString, ParamSpec, TypeAlias, TypeVar

import pyarrow as pa
from psycopg import sql

P = ParamSpec("P")
T = TypeVar("T")
K = TypeVar("K")

Query: TypeAlias = LiteralString | sql.SQL | sql.Composed
Params: TypeAlias = Sequence[Any] | Mapping[str, Any] | None
Row: TypeAlias = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Rows:
    """Run one statement and return its rows as tuples.

    `prepare=False` asks for a plan made for these very parameters: partition pruning at plan
    time needs it on tables with many partitions.
    """

    query: Query
    params: Params = None
    prepare: bool | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """Run one statement and return the number of rows it touched."""

    query: Query
    params: Params = None
    prepare: bool | None = None


@dataclass(frozen=True, slots=True)
class CopyIn:
    """Stream binary buffers into `COPY ... FROM STDIN (FORMAT BINARY)`; the result is None."""

    statement: Query
    buffers: Iterable[bytes]


@dataclass(frozen=True, slots=True)
class Arrow:
    """Run one query and return its rows as a `pyarrow.Table`, numerics cast by the query."""

    query: sql.SQL | sql.Composed
    params: Params = None


@dataclass(frozen=True, slots=True)
class Aside:
    """Run another flow to its end on a second connection, committed before this one goes on."""

    flow: Callable[[], Flow[Any]]
    transaction: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """Call a function that blocks on something else than the database, such as a file."""

    function: Callable[[], Any]


@dataclass(frozen=True, slots=True)
class Using:
    """Call a function with something the driver was given beside the database, such as the lake."""

    kind: type
    function: Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Together:
    """Run several flows side by side, at most so many at once; the result is the list of theirs.

    The first error stops the others at their next step and is raised. Not inside a transaction:
    each flow has connections of its own.
    """

    flows: Sequence[Callable[[], Flow[Any]]]
    at_most: int


Step: TypeAlias = Rows | Run | CopyIn | Arrow | Aside | Call | Using | Together
Flow: TypeAlias = Generator[Step, Any, T]


@dataclass(frozen=True, slots=True)
class Operation:
    """A flow with what a driver must know to run it.

    `transaction`: all steps run in one transaction, which begins with the first that is not aside;
    otherwise each step commits by itself.
    `retry`: the flow may be started again after a serialization failure, a deadlock or a lost
    connection, because running it twice has the effect of running it once.
    """

    flow: Callable[..., Flow[Any]]
    transaction: bool
    retry: bool


def rows(query: Query, params: Params = None, *, prepare: bool | None = None) -> Flow[list[Row]]:
    """Yield a `Rows` step and return its rows."""
    found: list[Row] = yield Rows(query, params, prepare)
    return found


def run(query: Query, params: Params = None, *, prepare: bool | None = None) -> Flow[int]:
    """Yield a `Run` step and return the number of rows touched."""
    touched: int = yield Run(query, params, prepare)
    return touched


def copy_in(statement: Query, buffers: Iterable[bytes]) -> Flow[None]:
    """Yield a `CopyIn` step."""
    yield CopyIn(statement, buffers)


def arrow(query: sql.SQL | sql.Composed, params: Params = None) -> Flow[pa.Table]:
    """Yield an `Arrow` step and return its table."""
    table: pa.Table = yield Arrow(query, params)
    return table


def aside(flow: Callable[[], Flow[T]], *, transaction: bool = False) -> Flow[T]:
    """Yield an `Aside` step and return the inner flow's result; it must be safe to retry."""
    result: T = yield Aside(flow, transaction)
    return result


def call(function: Callable[[], T]) -> Flow[T]:
    """Yield a `Call` step and return the function's result; on asyncio it runs in a thread."""
    result: T = yield Call(function)
    return result


def using(kind: type[K], function: Callable[[K], T]) -> Flow[T]:
    """Yield a `Using` step and return the function's result; on asyncio it runs in a thread."""
    result: T = yield Using(kind, function)
    return result


def together(flows: Sequence[Callable[[], Flow[T]]], *, at_most: int) -> Flow[list[T]]:
    """Yield a `Together` step and return the flows' results in their order."""
    results: list[T] = yield Together(flows, at_most)
    return results
