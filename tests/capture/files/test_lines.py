"""Lines in blocks, whatever ends them and whatever the text is written in."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptoscalp.capture.files.encoding import as_utf8
from cryptoscalp.capture.files.items import Item
from cryptoscalp.capture.files.lines import blocks, head, read_blocks
from cryptoscalp.infra.db.errors import InputError
from tests.capture.files.packed import item_of, lines_of

_MARKED = ("utf-8-sig", "utf-16-le", "utf-16-be")
_MARKS = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}


def _encoded(text: str, encoding: str) -> bytes:
    return _MARKS.get(encoding, b"") + text.encode(encoding)


def _joined(content: bytes, cuts: list[int]) -> bytes:
    places = sorted({0, len(content), *(cut % (len(content) + 1) for cut in cuts)})
    pieces = (
        (content[start:end], end) for start, end in zip(places, places[1:] or [0], strict=False)
    )
    return b"".join(piece for piece, _ in as_utf8(pieces))


@pytest.mark.parametrize("encoding", _MARKED)
@given(text=st.text(), cuts=st.lists(st.integers(0, 10_000), max_size=8))
def test_a_marked_text_is_utf8_wherever_it_is_cut(
    encoding: str, text: str, cuts: list[int]
) -> None:
    assert _joined(_encoded(text, encoding), cuts) == text.encode()


@given(content=st.binary(), cuts=st.lists(st.integers(0, 10_000), max_size=8))
def test_a_text_without_mark_stays_as_it_is(content: bytes, cuts: list[int]) -> None:
    if content[:2] not in _MARKS.values():
        assert _joined(content, cuts) == content.removeprefix(b"\xef\xbb\xbf")


@pytest.mark.parametrize("encoding", _MARKED)
def test_lines_of_every_encoding_are_the_same(encoding: str, tmp_path: Path) -> None:
    # The sign U+0A0D holds both bytes of a line's end in UTF-16.
    text = "id,price\r\n1,\u0a0d\r\n2,0.5 \u20ac \U0001f4b6"
    for name, content in (
        ("plain.csv", _encoded(text, encoding)),
        ("packed.csv.gz", gzip.compress(_encoded(text, encoding))),
    ):
        item = item_of(tmp_path / name, content)
        lines, why, _ = lines_of(item)
        assert [line.decode() for line in lines] == text.split("\r\n")
        assert why is None
        assert head(item) == text.encode()
        assert head(item, 4) == b"id,p"


def test_half_a_character_is_a_file_cut_short(tmp_path: Path) -> None:
    content = "1,2\n3,4".encode("utf-16-le")
    lines, why, raw = lines_of(item_of(tmp_path / "cut.csv", b"\xff\xfe" + content[:-1]))
    assert lines == [b"1,2"]
    assert why == "the UTF-16 text ends inside a character"
    assert raw == b"3,"


def test_half_a_surrogate_spoils_its_line_only(tmp_path: Path) -> None:
    parts = ["1\n".encode("utf-16-le"), b"\x3d\xd8", "\n2\n".encode("utf-16-le"), b"\x3d\xd8"]
    lines, why, _ = lines_of(item_of(tmp_path / "odd.csv", b"\xff\xfe" + b"".join(parts)))
    assert (lines[0], lines[2], why) == (b"1", b"2", None)
    for line in (lines[1], lines[3]):
        with pytest.raises(UnicodeDecodeError):
            line.decode()


def test_a_file_that_is_only_a_mark_has_no_line(tmp_path: Path) -> None:
    for mark in (b"\xef\xbb\xbf", *_MARKS.values()):
        item = item_of(tmp_path / "mark.csv", mark)
        assert list(blocks(item)) == []
        assert head(item) == b""
    # Its beginning alone is no mark.
    assert lines_of(item_of(tmp_path / "part.csv", b"\xef\xbb")) == ([b"\xef\xbb"], None, b"")
    packed = gzip.compress(b"\xef\xbb")[:-9]
    assert lines_of(item_of(tmp_path / "part.gz", packed))[0] == []


def test_a_file_without_bytes_has_no_block(tmp_path: Path) -> None:
    assert list(blocks(item_of(tmp_path / "empty.csv", b""))) == []
    assert list(blocks(item_of(tmp_path / "empty.csv.gz", gzip.compress(b"")))) == []


@given(
    content=st.lists(st.sampled_from((b"a", b"\r", b"\n", b"\r\n", b"bc")), max_size=60),
    size=st.integers(1, 5),
)
def test_line_ends_of_both_kinds_end_lines(content: list[bytes], size: int) -> None:
    text = b"".join(content)
    found = list(read_blocks(io.BytesIO(text), lines_per_block=size))
    lines = [line for block in found for line in block.lines]
    expected = text.replace(b"\r\n", b"\n").split(b"\n")
    rest = expected.pop()
    assert lines == ([*expected, rest.removesuffix(b"\r")] if rest else expected)
    assert all(block.position <= len(text) for block in found)


@pytest.mark.parametrize("size", [8 << 20, (8 << 20) + 1, 20 << 20, 40 << 20])
def test_a_line_is_cut_by_its_length_and_nothing_else(size: int, tmp_path: Path) -> None:
    long = b"x" * size
    expected = len(long) if size <= 8 << 20 else 64 << 10
    for name, before, after in (("first", b"", b"\nlast\n"), ("last", b"first\n", b"")):
        lines, why, _ = lines_of(item_of(tmp_path / name, before + long + after))
        sizes = [len(line) for line in lines]
        assert why is None
        assert sizes == ([expected, 4] if after else [5, expected])


def test_a_pipe_is_read_without_going_back() -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def tell(self) -> int:
            raise OSError("a pipe has no place")

        def read(self, size: int | None = -1, /) -> bytes:
            # A pipe gives what is there.
            return super().read(min(size or 1, 3))

    packed = gzip.compress(b"one\ntwo\n")
    assert [block.lines for block in read_blocks(Pipe(packed))] == [[b"one", b"two"]]
    cut = list(read_blocks(Pipe(packed[:-4])))
    assert cut[-1].broken is not None


def test_what_cannot_be_opened_says_so(tmp_path: Path) -> None:
    for path in (tmp_path / "absent.csv", tmp_path):
        with pytest.raises(InputError, match="cannot be read"):
            list(blocks(Item(path, path.name, 0)))
