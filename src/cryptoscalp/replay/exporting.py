"""Flow: a training set into a file, with the hash of what it says."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Final, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.infra.db.flow import Flow, call
from cryptoscalp.replay.content import ContentHash, schema
from cryptoscalp.replay.loading import BEFORE_ALL
from cryptoscalp.replay.report_types import Exported
from cryptoscalp.replay.training_rows import ROWS, evicted_since, piece, training_set

T = TypeVar("T")
_IPC: Final = (".arrow", ".feather", ".ipc")


def export(
    name: str,
    path: Path | str,
    *,
    as_of: datetime | None = None,
    tiers: Collection[int] | None = None,
    draw: int | None = None,
    seed: int = 0,
) -> Flow[Exported]:
    """Write the experiences recorded by `as_of` (now) as FILE.parquet, or .arrow, .feather, .ipc.

    In the order of memory_id, in the columns of `content.schema`. `tiers`: those that are in one of
    them now. `draw`: so many of them without replacement, the same ones for the same `seed`. The
    file appears under its name when it is whole. The same `as_of` gives the same `content_hash`, in
    whatever format, as long as no experience has left; what has left since `as_of` is counted in
    `evicted_since`, and replay_changes says why. tier and priority are of the moment of reading,
    and not in the hash; with `tiers`, moves change it too. Waits for what may still come of before
    `as_of`, a second at least for now. Raises NotFound, InputError, Contention.
    """
    target = Path(path)
    if target.suffix != ".parquet" and target.suffix not in _IPC:
        raise InputError(f"{path}: the ending says the format; use .parquet or {', '.join(_IPC)}")
    chosen = yield from training_set(name, as_of, tiers, draw, seed)
    hashed = ContentHash(chosen.buffer)
    partial = target.with_name(f".{target.name}.{os.getpid()}.part")
    file = yield from _performed(target, lambda: partial.open("wb"))
    writer: Any = None
    try:
        writer = yield from _performed(
            target, lambda: _writer(file, target, schema(chosen.buffer.shape))
        )
        after = BEFORE_ALL
        while (table := (yield from piece(chosen, after, ROWS))).num_rows:
            hashed.add(table)
            yield from _performed(target, _writing(writer, table))
            after = table.column("memory_id")[-1].as_py()
        left = yield from evicted_since(chosen)
        yield from _performed(target, lambda: _finish(writer, file, partial, target))
    finally:
        # A flow that is closed cannot take another step.
        _abandon(writer, file, partial)
    return Exported(str(target), hashed.rows, chosen.as_of, hashed.hexdigest(), left)


def _writer(file: BinaryIO, target: Path, columns: pa.Schema) -> Any:
    if target.suffix == ".parquet":
        return pq.ParquetWriter(file, columns)
    return pa.ipc.new_file(file, columns)


def _writing(writer: Any, table: pa.Table) -> Callable[[], None]:
    return lambda: writer.write_table(table)


def _finish(writer: Any, file: BinaryIO, partial: Path, target: Path) -> None:
    writer.close()
    file.flush()
    os.fsync(file.fileno())
    file.close()
    partial.replace(target)


def _abandon(writer: Any, file: BinaryIO, partial: Path) -> None:
    """Let go of what is open and remove what is not whole; after `_finish` there is nothing."""
    with suppress(OSError, pa.ArrowException):
        if writer is not None and not file.closed:
            # Else it would write to the closed file when it is collected.
            writer.close()
    file.close()
    partial.unlink(missing_ok=True)


def _performed(target: Path, function: Callable[[], T]) -> Flow[T]:
    """Work on the file; InputError where the disk refuses."""
    try:
        return (yield from call(function))
    except OSError as error:
        raise InputError(f"{target}: cannot be written: {error.strerror or error}") from error
