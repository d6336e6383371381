"""What the cold tier knows of a table, and of one instrument's day in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, TypeAlias

import pyarrow as pa

DECIMAL = pa.decimal128(38, 18)
TIME = pa.timestamp("us", "UTC")

#: How long a table's rows are kept (schema decision S19). Regulated: 7 years, in PostgreSQL while
#: young and in the cold tier after. Operational: 30 days. Permanent: for ever, in PostgreSQL.
RetentionClass: TypeAlias = Literal["regulated", "operational", "permanent"]
Unit: TypeAlias = Literal["day", "month", "year"]

#: Where a part's rows are read from. WRITTEN, VERIFIED and THAWED: from PostgreSQL. COLD: from the
#: lake, whatever PostgreSQL still holds.
PartState: TypeAlias = Literal["WRITTEN", "VERIFIED", "COLD", "THAWED"]


@dataclass(frozen=True, slots=True)
class ColdTable:
    """How a table's rows look outside of PostgreSQL.

    `schema` names every column in the table's order: decimal128(38, 18), timestamp[us, UTC],
    int64, string or bool; `symbol`, `exchange` and `timestamp` are among them. `order` sorts one
    instrument's day and tells its rows apart; it begins with `timestamp`.
    """

    name: str
    schema: pa.Schema
    order: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """How long a table's rows are kept, and in which pieces they leave.

    `partitions` is the length of a native partition, None for a table that has none; then
    `moment` is the column by which its rows age. `cold` says how its rows look in the cold tier;
    a table without one never goes there.
    """

    table: str
    retention: RetentionClass
    partitions: Unit | None = None
    moment: str = "timestamp"
    cold: ColdTable | None = None


@dataclass(frozen=True, slots=True, order=True)
class Part:
    """One instrument's rows of one UTC day of a table: what changes its tier as a whole."""

    table: str
    day: date
    exchange: str
    symbol: str


@dataclass(frozen=True, slots=True)
class Content:
    """What a part's rows are, so that two copies of them can be compared.

    `sha256` is over the canonical content, see `content.py`. Sequences are null for tables
    without one.
    """

    rows: int
    first: datetime
    last: datetime
    first_sequence: int | None
    last_sequence: int | None
    sha256: bytes
