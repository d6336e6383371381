"""The canonical content: equal for the same rows in any pieces, another for any other rows."""

from __future__ import annotations

import hashlib
import struct
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cryptoscalp.infra.cold.content import ContentHash
from cryptoscalp.infra.cold.types import DECIMAL, TIME, ColdTable
from tests.cold.made import TABLES, part, rows, sliced

TABLE = ColdTable(
    "things",
    pa.schema(
        [("timestamp", TIME), ("symbol", pa.string()), ("price", DECIMAL),
         ("sequence", pa.int64()), ("flag", pa.bool_())]
    ),
    ("timestamp",),
)  # fmt: skip
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ROW = st.fixed_dictionaries(
    {
        "timestamp": st.integers(0, 10**16).map(lambda us: _EPOCH + timedelta(microseconds=us)),
        "symbol": st.none() | st.text(max_size=5),
        "price": st.none()
        | st.integers(-(10**38) + 1, 10**38 - 1).map(lambda v: Decimal(f"{v}e-18")),
        "sequence": st.none() | st.integers(-(2**63), 2**63 - 1),
        "flag": st.none() | st.booleans(),
    }
)


def reference(schema: pa.Schema, held: list[dict[str, Any]]) -> bytes:
    """docs/cold-tier.md, row by row: what an auditor would write."""
    whole = hashlib.sha256(b"cryptoscalp content 1\n" + struct.pack("<Q", len(held)))
    for field in sorted(schema, key=lambda f: f.name):
        values = [row[field.name] for row in held]
        if all(value is None for value in values):
            continue
        present, lengths, bodies = b"", b"", b""
        for value in values:
            present += b"\x00" if value is None else b"\x01"
            if field.type == pa.string():
                kind, text = b"string", (value or "").encode()
                lengths += struct.pack("<I", len(text))
                bodies += text
            elif field.type == DECIMAL:
                digits = Decimal(value or 0).as_tuple()
                number = int("".join(map(str, digits.digits)))
                number *= 10 ** (18 + int(digits.exponent)) * (-1 if digits.sign else 1)
                kind, bodies = b"decimal", bodies + number.to_bytes(16, "little", signed=True)
            elif field.type == TIME:
                moment = 0 if value is None else (value - _EPOCH) // timedelta(microseconds=1)
                kind, bodies = b"timestamp", bodies + struct.pack("<q", moment)
            elif field.type == pa.int64():
                kind, bodies = b"int64", bodies + struct.pack("<q", value or 0)
            else:
                kind, bodies = b"bool", bodies + struct.pack("<?", bool(value))
        whole.update(field.name.encode() + b"\x00" + kind + b"\x00")
        for stream in (present, lengths, bodies):
            whole.update(hashlib.sha256(stream).digest())
    return whole.digest()


def _hashed(table: ColdTable, pieces: list[pa.Table]) -> bytes | None:
    hashed = ContentHash(table)
    for piece in pieces:
        hashed.add(piece)
    content = hashed.result()
    return None if content is None else content.sha256


@settings(max_examples=80, deadline=None)
@given(st.lists(_ROW, min_size=1, max_size=12), st.lists(st.integers(0, 12), max_size=4))
def test_any_pieces_give_the_reference(held: list[dict[str, Any]], cuts: list[int]) -> None:
    whole = pa.Table.from_pylist(held, TABLE.schema)
    borders = [0, *sorted(min(cut, len(held)) for cut in cuts), len(held)]
    pieces = [whole.slice(a, b - a) for a, b in pairwise(borders)]
    expected = reference(TABLE.schema, held)
    assert _hashed(TABLE, pieces) == expected
    assert _hashed(TABLE, [pa.concat_tables(pieces)]) == expected


@settings(max_examples=80, deadline=None)
@given(st.lists(_ROW, min_size=1, max_size=6), _ROW, st.integers(0, 5), st.data())
def test_any_change_changes_it(
    held: list[dict[str, Any]], other: dict[str, Any], place: int, data: st.DataObject
) -> None:
    place %= len(held)
    name = data.draw(st.sampled_from(TABLE.schema.names))
    changed = [*held]
    changed[place] = {**held[place], name: other[name]}
    shuffled = data.draw(st.permutations(held))

    def hashed(records: list[dict[str, Any]]) -> bytes | None:
        return _hashed(TABLE, [pa.Table.from_pylist(records, TABLE.schema)])

    assert (hashed(changed) == hashed(held)) == (changed == held)
    assert (hashed(shuffled) == hashed(held)) == (shuffled == held)


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_every_table_has_the_reference(table: ColdTable) -> None:
    held = rows(table, 300, part(table, "BTCUSDT"))
    assert _hashed(table, sliced(held, 37)) == reference(table.schema, held.to_pylist())


def test_an_empty_column_does_not_count() -> None:
    """So that a column that is added later leaves the digests of older rows as they are."""
    held = pa.table({"timestamp": pa.array([1, 2]).cast(TIME)})
    before = ColdTable("things", held.schema, ("timestamp",))
    wider = held.append_column("note", pa.nulls(2, pa.string()))
    after = ColdTable("things", wider.schema, ("timestamp",))
    assert _hashed(before, [held]) == _hashed(after, [wider])


def test_range_and_sequences() -> None:
    hashed = ContentHash(TABLE)
    assert hashed.result() is None
    times = pa.array([5, 7, 7]).cast(TIME)
    hashed.add(
        pa.table(
            [times, pa.nulls(3, pa.string()), pa.nulls(3, DECIMAL), pa.array([9, None, 4]),
             pa.nulls(3, pa.bool_())],
            schema=TABLE.schema,
        )
    )  # fmt: skip
    content = hashed.result()
    assert content is not None
    assert (content.rows, content.first_sequence, content.last_sequence) == (3, 4, 9)
    assert content.first == _EPOCH + timedelta(microseconds=5)
    assert content.last == _EPOCH + timedelta(microseconds=7)
