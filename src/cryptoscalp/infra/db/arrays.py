"""Loaders that hand `bigint[]` and `timestamptz[]` results over as NumPy arrays.

The writer compares hundreds of thousands of stored ids with a batch; one array a stream in
PostgreSQL's binary array format is read without making a Python object a value.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import psycopg
from psycopg.adapt import AdaptersMap, Buffer, Loader
from psycopg.pq import Format

_HEADER = 20  # ndim, has-null flag, element oid, length, lower bound: five int32
_ELEMENT = np.dtype([("size", ">i4"), ("value", ">i8")])
#: Microseconds from 1970-01-01 to 2000-01-01, PostgreSQL's epoch.
POSTGRES_EPOCH_US = 946_684_800_000_000


class _Int64Array(Loader):
    format = Format.BINARY

    def load(self, data: Buffer) -> npt.NDArray[np.int64]:
        raw = bytes(data)
        if len(raw) < _HEADER:  # ndim 0: the empty array
            return np.empty(0, dtype=np.int64)
        return np.frombuffer(raw, dtype=_ELEMENT, offset=_HEADER)["value"].astype(np.int64)


class _TimestampArray(_Int64Array):
    def load(self, data: Buffer) -> npt.NDArray[np.int64]:
        return super().load(data) + POSTGRES_EPOCH_US


def register(target: AdaptersMap) -> None:
    """Make binary results of `bigint[]` and `timestamptz[]` (as µs since 1970) NumPy arrays.

    The arrays must hold no NULL: the queries that use them select from NOT NULL columns.
    """
    target.register_loader(psycopg.adapters.types["int8"].array_oid, _Int64Array)
    target.register_loader(psycopg.adapters.types["timestamptz"].array_oid, _TimestampArray)
