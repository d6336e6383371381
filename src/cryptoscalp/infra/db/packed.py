"""Arrow columns as parameters: one array each in PostgreSQL's binary format, no object a value."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar, Final, TypeAlias

import numpy as np
import numpy.typing as npt
import psycopg
import pyarrow as pa
from psycopg.adapt import AdaptersMap, Dumper
from psycopg.pq import Format

from cryptoscalp.infra.db.arrays import POSTGRES_EPOCH_US

Column: TypeAlias = pa.Array | pa.ChunkedArray
_HEADER: Final = struct.Struct(">iiIii")  # ndim, has-null flag, element oid, length, lower bound
_SIZE: Final = 4


@dataclass(frozen=True, slots=True, eq=False)
class Packed:
    """One array parameter: its bytes. Each subclass is one type of PostgreSQL's."""

    raw: bytes
    element: ClassVar[str]


class Float4s(Packed):
    """`real[]`."""

    element = "float4"


class Float8s(Packed):
    """`double precision[]`."""

    element = "float8"


class Int8s(Packed):
    """`bigint[]`."""

    element = "int8"


class Timestamps(Packed):
    """`timestamptz[]`."""

    element = "timestamptz"


class Intervals(Packed):
    """`interval[]`, of hours and less."""

    element = "interval"


def float4s(column: Column) -> Float4s:
    """A float32 column as `real[]`."""
    values = _plain(column, pa.float32(), 0.0)
    return Float4s(_array("float4", values.astype(">f4"), _valid(column)))


def float8s(column: Column) -> Float8s:
    """A float64 column as `double precision[]`."""
    values = _plain(column, pa.float64(), 0.0)
    return Float8s(_array("float8", values.astype(">f8"), _valid(column)))


def int8s(column: Column) -> Int8s:
    """An int64 column as `bigint[]`."""
    return Int8s(_array("int8", _plain(column, pa.int64(), 0).astype(">i8"), _valid(column)))


def timestamps(column: Column) -> Timestamps:
    """A timestamp[us, tz] column as `timestamptz[]`."""
    since = _plain(column, pa.int64(), 0) - POSTGRES_EPOCH_US
    return Timestamps(_array("timestamptz", since.astype(">i8"), _valid(column)))


def intervals(column: Column) -> Intervals:
    """A duration[us] column as `interval[]`."""
    made = np.zeros(len(column), dtype=[("us", ">i8"), ("days", ">i4"), ("months", ">i4")])
    made["us"] = _plain(column, pa.int64(), 0)
    return Intervals(_array("interval", made, _valid(column)))


def interval(length: timedelta) -> str:
    """A length of time as the text of an interval of hours and less, exact to the microsecond."""
    return f"{length // timedelta(microseconds=1)} microseconds"


def register(target: AdaptersMap) -> None:
    """Let `Packed` be a parameter."""
    for kind in (Float4s, Float8s, Int8s, Timestamps, Intervals):
        target.register_dumper(kind, _dumper(kind.element))


def _dumper(element: str) -> type[Dumper]:
    class PackedDumper(Dumper):
        format = Format.BINARY
        oid = psycopg.adapters.types[element].array_oid

        def dump(self, obj: Packed) -> bytes:
            return obj.raw

    return PackedDumper


def _plain(column: Column, kind: pa.DataType, absent: float) -> npt.NDArray[np.generic]:
    return column.cast(kind).fill_null(absent).to_numpy()  # type: ignore[no-any-return]


def _valid(column: Column) -> npt.NDArray[np.bool_] | None:
    return column.is_valid().to_numpy(zero_copy_only=False) if column.null_count else None


def _array(
    element: str, values: npt.NDArray[np.generic], valid: npt.NDArray[np.bool_] | None
) -> bytes:
    count, width = len(values), values.dtype.itemsize
    oid = psycopg.adapters.types[element].oid
    if not count:
        return _HEADER.pack(0, 0, oid, 0, 0)[:12]
    raw = np.zeros((count, _SIZE + width), dtype=np.uint8)
    sizes = np.full(count, width, dtype=">i4")
    if valid is not None:
        sizes[~valid] = -1
    raw[:, :_SIZE] = sizes.view(np.uint8).reshape(count, _SIZE)
    raw[:, _SIZE:] = values.view(np.uint8).reshape(count, width)
    head = _HEADER.pack(1, valid is not None, oid, count, 1)
    if valid is None:
        return head + raw.tobytes()
    kept = np.ones(raw.shape, dtype=np.bool_)
    kept[~valid, _SIZE:] = False  # a NULL has no bytes of its own
    return head + raw[kept].tobytes()
