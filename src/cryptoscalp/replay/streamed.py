"""`batches` on both faces: a training set as record batches, one after the other."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterator
from datetime import datetime
from functools import partial
from typing import Any, Final, Protocol, overload

import pyarrow as pa

from cryptoscalp.infra.db.drivers import AsyncDriver, SyncDriver
from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.infra.db.face import Face
from cryptoscalp.infra.db.flow import Operation
from cryptoscalp.replay.loading import BEFORE_ALL
from cryptoscalp.replay.training_rows import piece, training_set

_SIZE: Final = 10_000
_SET: Final = Operation(training_set, transaction=False, retry=True)
_PIECE: Final = Operation(piece, transaction=False, retry=True)


class Batches(Protocol):
    """The call on the blocking face."""

    def __call__(
        self,
        name: str,
        size: int = 10_000,
        *,
        as_of: datetime | None = None,
        tiers: Collection[int] | None = None,
        draw: int | None = None,
        seed: int = 0,
    ) -> Iterator[pa.RecordBatch]:
        """The experiences of `export`, `size` at once, fewer at the end.

        Each batch is read when it is asked for; what leaves the buffer before is not in it.
        """


class AsyncBatches(Protocol):
    """The call on the asyncio face: `async for batch in db.replay.batches("x")`."""

    def __call__(
        self,
        name: str,
        size: int = 10_000,
        *,
        as_of: datetime | None = None,
        tiers: Collection[int] | None = None,
        draw: int | None = None,
        seed: int = 0,
    ) -> AsyncIterator[pa.RecordBatch]:
        """As `Batches`."""


class Streamed:
    """`batches` as an attribute of a face."""

    __doc__ = Batches.__call__.__doc__

    @overload
    def __get__(self, face: Face[SyncDriver], owner: object) -> Batches: ...
    @overload
    def __get__(self, face: Face[AsyncDriver], owner: object) -> AsyncBatches: ...
    @overload
    def __get__(self, face: None, owner: object) -> Streamed: ...
    def __get__(self, face: Face[Any] | None, owner: object) -> Any:
        if face is None:
            return self
        kind = _awaited if isinstance(face.driver, AsyncDriver) else _blocking
        call: Any = partial(kind, face.driver)
        return call


def _blocking(
    driver: SyncDriver, name: str, size: int = _SIZE, **chosen: Any
) -> Iterator[pa.RecordBatch]:
    of = driver.run(_SET, name, *_checked(size, **chosen))
    after = BEFORE_ALL
    while (table := driver.run(_PIECE, of, after, size)).num_rows:
        yield _whole(table)
        after = _last(table)


async def _awaited(
    driver: AsyncDriver, name: str, size: int = _SIZE, **chosen: Any
) -> AsyncIterator[pa.RecordBatch]:
    of = await driver.run(_SET, name, *_checked(size, **chosen))
    after = BEFORE_ALL
    while (table := await driver.run(_PIECE, of, after, size)).num_rows:
        yield _whole(table)
        after = _last(table)


def _checked(
    size: int,
    *,
    as_of: datetime | None = None,
    tiers: Collection[int] | None = None,
    draw: int | None = None,
    seed: int = 0,
) -> tuple[Any, ...]:
    if size < 1:
        raise InputError(f"batches of {size}: give at least one experience each")
    return as_of, tiers, draw, seed


def _whole(table: pa.Table) -> pa.RecordBatch:
    (batch,) = table.combine_chunks().to_batches()
    return batch


def _last(table: pa.Table) -> int:
    last: int = table.column("memory_id")[-1].as_py()
    return last
