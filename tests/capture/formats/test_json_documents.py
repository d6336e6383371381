"""JSON documents row by row: any number exactly, any cut, any damage."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptoscalp.capture.formats import json_documents, json_lines, json_rows
from tests.capture.formats.recorded import item_of

NUMBERS = st.from_regex(
    r"-?(0|[1-9][0-9]{0,40})(\.[0-9]{1,40})?([eE][+-]?[0-9]{1,3})?", fullmatch=True
)


def _rows(path: Path, names: list[str]) -> tuple[list[dict[str, Any]], list[tuple[int, str]]]:
    """The cells of a document's rows, and the lines and reasons of its rejects."""
    found: list[dict[str, Any]] = []
    rejects: list[tuple[int, str]] = []
    for table, _ in json_documents.tables(item_of(path), names, rows=3):
        found += table.frame.rows(named=True)
        rejects += [(reject.line, reject.reason) for reject in table.rejects]
        for line in table.lines:
            assert json_rows.value_of(table.raw(line)) is not None
    return found, rejects


@pytest.mark.long
@given(st.lists(st.lists(NUMBERS, min_size=2, max_size=2), min_size=1), st.booleans())
def test_numbers_keep_their_digits(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], objects: bool
) -> None:
    path = tmp_path_factory.mktemp("json") / "x.json"
    shape = '{{"a":{},"b":{}}}' if objects else "[{},{}]"
    path.write_text(f"[{', '.join(shape.format(*row) for row in rows)}]")
    names = ["a", "b"] if objects else ["#1", "#2"]
    found, rejects = _rows(path, names)
    assert [list(row.values()) for row in found] == rows
    assert rejects == []


@given(NUMBERS)
def test_numbers_keep_their_value_in_lines(number: str) -> None:
    table = json_rows.table_of([(1, json_rows.value_of(f"[{number}]".encode()), b"")], ["#1"])
    [cell] = table.frame["#1"].to_list()
    # -0 is 0; everything else is as written.
    assert cell == number or (int(number) == int(cell) == 0)


@given(st.data())
def test_every_row_before_a_cut_is_read(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    rows = [{"a": "1.50\x1f", "b": str(number)} for number in range(7)]
    whole = {"error": [], "found": True, "result": {"X": rows}, "last": -7.5e-7}
    text = json.dumps(whole, indent=1).replace('"b": "3"', '"b": 3').encode()
    cut = data.draw(st.integers(0, len(text) - 2))
    path = tmp_path_factory.mktemp("json") / "x.json"
    path.write_bytes(text[:cut])
    found, rejects = _rows(path, ["a", "b"])
    # A row is whole with its closing brace.
    assert found == rows[: text[:cut].count(b"}")]
    assert rejects == ([(len(found) + 1, "truncated_file")] if text[:cut].strip() else [])


@pytest.mark.parametrize(
    ("text", "cells", "rejects"),
    [
        ("[[1,NaN],[2,-Infinity]]", [("1", "NaN"), ("2", "-Infinity")], []),
        (f"[[1,{'9' * 5_000}]]", [("1", "9" * 5_000)], []),
        ("[]", [], []),
        ("{}", [], []),
        ("\ufeff[[1,2]]", [("1", "2")], []),
        ('{"a":{"b":[1,2],"c":[[1,2],[3,4]]}}', [("1", "2"), ("3", "4")], []),
        ("[[1,2],[3,x],[5,6]]", [("1", "2")], [(2, "malformed")]),
        ("[[1,2]] [[3,4]]", [("1", "2")], [(2, "malformed")]),
        ('{"a":[[1,2]],"b":[[3,4]]}', [("1", "2")], [(2, "malformed")]),
        ("[[1,2],3,null]", [("1", "2")], [(2, "malformed"), (3, "malformed")]),
        ('[["\\ud800",2],[3,4]]', [("3", "4")], [(1, "malformed")]),
        ('[["a",true],[null,[1]]]', [("a", "true"), (None, '["1"]')], []),
        ("[" * 100_000, [], [(1, "malformed")]),
        ('{"a":' * 100_000, [], [(1, "malformed")]),
    ],
)
def test_what_documents_hold(
    tmp_path: Path,
    text: str,
    cells: list[tuple[Any, Any]],
    rejects: list[tuple[int, str]],
) -> None:
    path = tmp_path / "x.json"
    path.write_text(text)
    found, refused = _rows(path, ["#1", "#2"])
    assert [tuple(row.values()) for row in found] == cells
    assert refused == rejects


def test_bytes_that_are_no_text_spoil_their_row_only(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(b'[["a",1],["\xff",2],["c",3]]')
    [(table, _)] = json_documents.tables(item_of(path), ["#1", "#2"])
    assert table.frame.rows() == [("a", "1"), ("c", "3")]
    assert [(reject.line, reject.raw) for reject in table.rejects] == [(2, b'["\xff",2]')]


def test_lines_that_are_no_rows_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(b'{"a":1,"b":{"c":0.10}}\n\n{"a":2\n7\n[1]\n{"b":{"c":NaN}}\n{"a":"\xff"}')
    [(table, _)] = json_lines.tables(item_of(path), ["a", "b.c"])
    assert table.frame.rows() == [("1", "0.10"), (None, None), (None, "NaN")]
    assert table.lines.to_list() == [1, 5, 6]
    assert [reject.line for reject in table.rejects] == [3, 4, 7]
    assert {reject.reason for reject in table.rejects} == {"malformed"}
