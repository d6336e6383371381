"""Parquet, Feather and Arrow IPC files as parts of bounded size.

A Feather file that was cut off has lost the footer that says where its batches are, but the
batches follow one another: they are read up to the break. A Parquet file without its footer
cannot be read at all.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import feather, ipc

from cryptoscalp.capture.files.items import Item
from cryptoscalp.capture.files.stored import Broken
from cryptoscalp.capture.files.whole import seekable
from cryptoscalp.infra.db.errors import InputError

ROWS: Final = 20_000
PARQUET: Final = b"PAR1"
ENCRYPTED: Final = b"PARE"
ARROW: Final = b"ARROW1"
STREAM: Final = b"\xff\xff\xff\xff"
OLD_FEATHER: Final = b"FEA1"
_IPC_START: Final = 8  # the magic, padded; the batches follow as in a stream
_BUFFER: Final = 1 << 20
_UNREADABLE: Final = (pa.ArrowException, OSError, ValueError, EOFError)


@dataclass(frozen=True, slots=True)
class Part:
    """Consecutive rows of a file and how much of it (0 to 1) is read with them.

    `broken` tells why nothing more can be read, on the last part only.
    """

    rows: pa.Table
    share: float
    broken: str = ""


def is_arrow(head: bytes) -> bool:
    """Whether a file that begins so is Feather or Arrow IPC."""
    return head.startswith((ARROW, STREAM, OLD_FEATHER))


def is_parquet(head: bytes) -> bool:
    """Whether a file that begins so is Parquet."""
    return head.startswith((PARQUET, ENCRYPTED))


def schema_of(item: Item) -> pa.Schema:
    """The columns of a file, with the metadata of its writer.

    Raises InputError when the file cannot be opened or is none of these.
    """
    with seekable(item) as stream:
        try:
            source, _ = _opened(item, stream)
            schema = source.schema_arrow if isinstance(source, pq.ParquetFile) else source.schema
            schema.names  # noqa: B018 - a name that is not UTF-8 fails here
        except _UNREADABLE as error:
            raise _nothing(item, error) from error
        return schema


def parts(item: Item, *, rows: int = ROWS) -> Iterator[Part]:
    """Yield the rows of a file in parts of about `rows`, and last, where it is damaged, the break.

    Raises InputError when nothing of the file can be read.
    """
    with seekable(item) as stream:
        held: list[pa.RecordBatch] = []
        count, share, schema = 0, 0.0, None
        try:
            for batch, read in _batches(item, stream, rows):
                # Text that is not UTF-8 makes the columns of one batch unlike those of another.
                if held and batch.schema != schema:
                    yield Part(pa.Table.from_batches(held), share)
                    held, count = [], 0
                schema, start = batch.schema, 0
                while start < batch.num_rows:
                    held.append(batch.slice(start, rows - count))
                    start += held[-1].num_rows
                    count += held[-1].num_rows
                    if count >= rows:
                        yield Part(pa.Table.from_batches(held), read)
                        held, count = [], 0
                share = read
        except (*_UNREADABLE, Broken) as error:
            if schema is None:
                raise _nothing(item, error) from error
            if held:
                yield Part(pa.Table.from_batches(held), share)
            yield Part(schema.empty_table(), 1.0, f"the file cannot be read further: {_why(error)}")
            return
        if held:
            yield Part(pa.Table.from_batches(held), share)


def _batches(item: Item, stream: BinaryIO, rows: int) -> Iterator[tuple[pa.RecordBatch, float]]:
    source, whole = _opened(item, stream)
    if isinstance(source, pq.ParquetFile):
        total, done = max(source.metadata.num_rows, 1), 0
        # Group by group: a damaged one must not take the rows before it along.
        for group in range(source.num_row_groups):
            for batch in source.iter_batches(batch_size=rows, row_groups=[group]):
                done += batch.num_rows
                yield _checked(batch), min(done / total, 1.0)
    elif isinstance(source, pa.Table):
        for batch in source.to_batches(max_chunksize=rows):
            yield _checked(batch), 1.0
    elif isinstance(source, ipc.RecordBatchFileReader):
        for number in range(source.num_record_batches):
            batch = source.get_batch(number)
            yield _checked(batch), (number + 1) / source.num_record_batches
    else:
        for batch in source:
            yield _checked(batch), stream.tell() / max(item.size, stream.tell(), 1)
    if not whole:
        raise Broken("the file is cut off before its footer")


def _opened(item: Item, stream: BinaryIO) -> tuple[Any, bool]:
    """Open what the first bytes say it is; False when it is known already to be cut off."""
    head = stream.read(_IPC_START)
    stream.seek(0)
    if head.startswith(ENCRYPTED):
        raise InputError(f"{item}: is encrypted Parquet; decrypt it before importing it")
    if head.startswith(PARQUET):
        options = {"page_checksum_verification": True, "pre_buffer": False}
        return pq.ParquetFile(stream, buffer_size=_BUFFER, **options), True
    if head.startswith(ARROW):
        try:
            return ipc.open_file(stream), True
        except _UNREADABLE:
            stream.seek(_IPC_START)
            return ipc.open_stream(stream), False
    if head.startswith(STREAM):
        return ipc.open_stream(stream), True
    if head.startswith(OLD_FEATHER):
        with warnings.catch_warnings():
            # It warns that a later version will not read the first version of Feather.
            warnings.simplefilter("ignore")
            return feather.read_table(stream), True
    raise InputError(f"{item}: is neither Parquet nor Feather; name its format with --format")


def _checked(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The batch, safe to look at: what a file says of its own buffers may be wrong.

    Text that is not UTF-8 comes back as bytes. Raises ArrowInvalid for any other damage.
    """
    try:
        batch.validate(full=True)
    except pa.ArrowInvalid:
        columns = [
            column.cast(pa.large_binary()) if is_text(column.type) else column
            for column in batch.columns
        ]
        batch = pa.RecordBatch.from_arrays(columns, names=batch.schema.names)
        batch.validate(full=True)
    return batch


def is_text(kind: pa.DataType) -> bool:
    """Whether a column of this type is text."""
    tests = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
    return any(test(kind) for test in tests)


def _nothing(item: Item, error: Exception) -> InputError:
    return InputError(f"{item}: cannot be read: {_why(error)}; nothing was imported")


def _why(error: Exception) -> str:
    """The first line of what a library says, which may go on for a page."""
    return (str(error).strip() or type(error).__name__).splitlines()[0][:300]
