"""Packed columns through a real server: what comes back is what was handed over."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cryptoscalp.infra.db import packed
from tests.postgres import Place

_INT8 = st.integers(-(2**63), 2**63 - 1)
_US = timedelta(microseconds=1)
#: PostgreSQL's moments, as far as Python has them; lengths as far as timedelta goes.
_MOMENTS = st.timedeltas(timedelta(0), timedelta(days=3_652_055)).map(
    lambda since: datetime(1, 1, 2, tzinfo=UTC) + since
)
_LENGTHS = st.timedeltas(-timedelta(days=100_000_000), timedelta(days=100_000_000))
Kind = tuple[Callable[[Any], Any], pa.DataType, st.SearchStrategy[Any], str]
KINDS: dict[str, Kind] = {
    "float8": (packed.float8s, pa.float64(), st.floats(), "%s"),
    "int8": (packed.int8s, pa.int64(), _INT8, "%s"),
    "timestamptz": (packed.timestamps, pa.timestamp("us", "UTC"), _MOMENTS, "%s"),
    "interval": (
        packed.intervals, pa.duration("us"), _LENGTHS,
        ("ARRAY(SELECT (extract(epoch FROM one) * 1000000)::bigint FROM unnest(%s)"
         " WITH ORDINALITY AS u (one, n) ORDER BY n)"),
    ),
}  # fmt: skip


_NAMES = {"float8": "double precision", "int8": "bigint", "timestamptz": "timestamp with time zone"}


@pytest.fixture(scope="module")
def connection(template: Place) -> Iterator[psycopg.Connection[Any]]:
    """A connection that takes packed parameters."""
    with psycopg.connect(template.dsn, autocommit=True, options="-c timezone=UTC") as made:
        packed.register(made.adapters)
        yield made


def _bits(value: Any) -> Any:
    """A number by its bits: NaN equals NaN, and -0.0 is not 0.0."""
    return struct.pack(">d", value) if isinstance(value, float) else value


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_what_comes_back_is_what_was_given(
    connection: psycopg.Connection[Any], kind: str, data: st.DataObject
) -> None:
    pack, arrow, values, asked = KINDS[kind]
    chunks = data.draw(st.lists(st.lists(st.none() | values, max_size=6), max_size=3))
    column = pa.chunked_array([pa.array(one, arrow) for one in chunks], arrow)
    sent = [value for one in chunks for value in one]
    found = connection.execute(
        f"SELECT {asked}, pg_typeof(%s)::text".encode(), (pack(column), pack(column)), binary=True
    ).fetchone()
    assert found is not None
    returned, named = found
    if kind == "interval":
        sent = [None if one is None else one // _US for one in sent]
    assert [*map(_bits, returned)] == [*map(_bits, sent)]
    assert named == f"{_NAMES.get(kind, kind)}[]"
    if chunks:
        # A slice begins in the middle of its buffers.
        part = pa.array(chunks[-1], arrow).slice(1)
        (again,) = connection.execute(b"SELECT %s", (pack(part),), binary=True).fetchone() or ((),)
        assert len(again) == len(part)


@given(length=_LENGTHS)
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
def test_one_length_is_exact_and_has_no_days(
    connection: psycopg.Connection[Any], length: timedelta
) -> None:
    found = connection.execute(
        "SELECT (extract(epoch FROM one) * 1000000)::bigint, extract(day FROM one)::int,"
        " extract(month FROM one)::int FROM (SELECT %s::interval AS one) AS o",
        (packed.interval(length),),
    ).fetchone()
    assert found == (length // _US, 0, 0)
