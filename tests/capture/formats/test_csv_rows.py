"""Lines of CSV as columns: good rows all at once, odd ones one by one, with the same outcome."""

from __future__ import annotations

import csv

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cryptoscalp.capture.formats.csv_rows import Rows, Shape, cut

SHAPE = Shape(",", ("x", "y", "z"), ("x", "y", "z"))


def cut_all(lines: list[bytes], shape: Shape = SHAPE) -> Rows:
    return cut(lines, np.arange(1, len(lines) + 1, dtype=np.int64), shape, shape.columns)


def by_hand(line: bytes) -> tuple[str | None, ...] | None:
    """The row that Python's own reader finds; () for nothing, None for no row."""
    if not line.strip():
        return ()
    try:
        text = line.decode()
        found = list(csv.reader([text], strict=True))
    except (UnicodeDecodeError, csv.Error):
        return None
    cells = found[0] if found else []
    if [cell.strip() for cell in cells] == list(SHAPE.header):
        return ()
    if "\0" in text or len(cells) != len(SHAPE.columns):
        return None
    return tuple(cell or None for cell in cells)


_PIECE = st.sampled_from(
    [b'"', b",", b"a", b"1", b"\r", b" ", b"\xc3\xa9", b"\xff", b'""', b'","', b"\0", b".5", b"x"]
)
_LINE = st.one_of(
    st.lists(_PIECE, max_size=9).map(b"".join),
    st.lists(_PIECE, max_size=3).map(lambda pieces: b"".join(pieces) + b",1,2"),
    st.sampled_from([b"1,2,3", b'"1","a,b",3', b"x,y,z", b'"x",y,z', b"", b",,", b"1,2,3\r"]),
)


@given(st.lists(_LINE, max_size=12))
def test_every_line_becomes_what_a_reader_of_single_lines_makes_of_it(lines: list[bytes]) -> None:
    rows = cut_all(lines)
    found = dict(zip(rows.lines.to_list(), rows.frame.rows(), strict=True))
    refused = {reject.line for reject in rows.rejects}
    for number, line in enumerate(lines, 1):
        expected = by_hand(line)
        if expected is None:
            assert number in refused, line
        elif expected:
            assert found.pop(number) == expected, line
    assert not found
    assert rows.lines.is_sorted()


def test_each_row_that_is_none_says_why() -> None:
    rows = cut_all([b"1,2,3", b"1,2", b"1,2,3,4", b'1,"2,3', b"1,\xff,3", b"1,\0,3", b'"1"2,3,4'])
    assert rows.lines.to_list() == [1]
    assert {reject.line: reject.detail for reject in rows.rejects} == {
        2: "the row has 2 fields, not 3",
        3: "the row has 4 fields, not 3",
        4: "the quotes of the row do not fit: unexpected end of data",
        5: "byte 3 of the row is not UTF-8",
        6: "character 3 of the row is NUL",
        7: "the quotes of the row do not fit: ',' expected after '\"'",
    }
    assert {reject.reason for reject in rows.rejects} == {"malformed"}
    assert rows.rejects[0].raw == b"1,2"


def test_only_the_columns_asked_for_are_made() -> None:
    shape = Shape(";", ("a", "b", "c", "d"))
    rows = cut([b'1;2;"3;5";4'], np.array([7]), shape, ["d", "c", "d"])
    assert rows.frame.to_dicts() == [{"c": "3;5", "d": "4"}]
    assert rows.lines.to_list() == [7]


def test_nothing_gives_nothing() -> None:
    for lines in ([], [b""], [b"x,y,z", b"  "]):
        rows = cut_all(lines)
        assert (rows.frame.height, len(rows.lines), rows.rejects) == (0, 0, ())
        assert rows.frame.columns == ["x", "y", "z"]
