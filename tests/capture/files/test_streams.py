"""Streams cut and damaged anywhere give what is before the break, and say that there is one."""

from __future__ import annotations

import gzip
import random
import sys
import tempfile
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cryptoscalp.capture.files.lines import head
from cryptoscalp.infra.db.errors import InputError
from tests.capture.files.packed import KINDS, Kind, item_of, known, lines_of, plain_of

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_LINES = st.lists(st.binary(max_size=40).map(lambda line: line.replace(b"\n", b"").rstrip(b"\r")))
_PARTS = st.lists(
    st.one_of(
        st.tuples(_LINES, st.booleans()).map(
            lambda made: b"\n".join(made[0]) + (b"\n" if made[1] else b"")
        ),
        # Repeats, so that a byte of the stream stands for many lines.
        st.tuples(st.binary(max_size=20), st.integers(1, 2_000)).map(
            lambda made: (made[0].replace(b"\r", b"") + b"\n") * made[1]
        ),
    ),
    min_size=1,
    max_size=4,
)


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as made:
        yield Path(made)


def _whole_lines(plain: bytes, complete: bool) -> tuple[list[bytes], bytes]:
    lines = plain.replace(b"\r\n", b"\n").split(b"\n")
    rest = lines.pop()
    return ([*lines, rest.removesuffix(b"\r")] if rest and complete else lines), rest


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.suffix)
@given(parts=_PARTS, data=st.data())
@settings(max_examples=100, deadline=None)
def test_a_cut_anywhere_loses_only_what_is_behind_it(
    kind: Kind, parts: list[bytes], data: st.DataObject, folder: Path
) -> None:
    packed = kind.packed(parts)
    cut = packed[: data.draw(st.integers(0, len(packed)), label="cut")]
    item = item_of(folder / f"cut{kind.suffix}", cut)
    plain, complete = known(kind, cut)
    lines, why, raw = lines_of(item, data.draw(st.sampled_from((3, 32_768)), label="block"))
    expected, rest = _whole_lines(plain.removeprefix(b"\xef\xbb\xbf"), complete)
    if plain[:2] not in (b"\xff\xfe", b"\xfe\xff"):
        assert lines == expected
        assert why is None or (raw == rest and str(len(cut)) in why)
    assert (why is None) == complete
    assert plain_of(item)[0] == plain


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.suffix)
@given(parts=_PARTS, data=st.data())
@settings(max_examples=100, deadline=None)
def test_a_changed_byte_loses_nothing_before_it(
    kind: Kind, parts: list[bytes], data: st.DataObject, folder: Path
) -> None:
    packed = bytearray(kind.packed(parts))
    place = data.draw(st.integers(0, len(packed) - 1), label="place")
    packed[place] ^= data.draw(st.integers(1, 255), label="change")
    item = item_of(folder / f"changed{kind.suffix}", bytes(packed))
    try:
        plain, _ = plain_of(item)
        lines_of(item)
    except InputError:
        assert place < 10, "only the magic bytes make it another file"
        return
    assert plain.startswith(known(kind, bytes(packed[:place]))[0])


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.suffix)
def test_damage_deep_in_a_stream_costs_only_what_follows(kind: Kind, tmp_path: Path) -> None:
    noise = random.Random(3)
    content = b"".join(b"%d,%.2f\n" % (line, noise.random()) for line in range(150_000))
    packed = bytearray(kind.pack(content))
    place = len(packed) * 3 // 4
    before = known(kind, bytes(packed[:place]))[0]
    packed[place : place + 8] = bytes(8)
    plain, why = plain_of(item_of(tmp_path / f"damaged{kind.suffix}", bytes(packed)))
    assert why is not None
    assert "damaged near byte" in why
    assert len(before) > 100_000
    assert plain.startswith(before)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.suffix)
def test_padding_is_no_damage_and_an_addition_is(kind: Kind, tmp_path: Path) -> None:
    packed = kind.packed([b"one\n", b"", b"two\n"])
    padded = item_of(tmp_path / f"padded{kind.suffix}", packed + bytes(100_000))
    assert lines_of(padded) == ([b"one", b"two"], None, b"")
    added = item_of(tmp_path / f"added{kind.suffix}", packed + b"\0one more line, plain\n")
    lines, why, _ = lines_of(added)
    assert lines == [b"one", b"two"]
    assert why is not None
    assert f"ends at byte {len(packed) + 1}" in why


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.suffix)
def test_packed_files_are_known_whatever_they_are_called(kind: Kind, tmp_path: Path) -> None:
    item = item_of(tmp_path / "BTCUSDT.csv", kind.pack(b"a line\n"))
    assert lines_of(item) == ([b"a line"], None, b"")
    assert head(item) == b"a line\n"
    named = item_of(tmp_path / f"BTCUSDT.csv{kind.suffix.upper()}", b"a line\n")
    with pytest.raises(InputError, match=f"though its name ends in {kind.suffix}"):
        plain_of(named)
    assert plain_of(item_of(tmp_path / f"empty{kind.suffix}", b"")) == (b"", None)
    # A name that says the compression makes a single byte of it a broken file, not another one.
    lines, why, _ = lines_of(item_of(tmp_path / f"one{kind.suffix}", kind.pack(b"")[:1]))
    assert lines == []
    assert why is not None
    with pytest.raises(InputError, match=r"ends too early.*nothing was imported"):
        head(item_of(tmp_path / f"two{kind.suffix}", kind.pack(b"")[:3]))


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.suffix)
def test_what_stands_for_a_thousand_times_its_size_takes_little_memory(
    kind: Kind, tmp_path: Path
) -> None:
    item = item_of(tmp_path / f"bomb{kind.suffix}", kind.packed([bytes(64 << 20)] * 4))
    assert item.size < 2 << 20
    tracemalloc.start()
    try:
        lines, why, _ = lines_of(item)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert why is None
    assert [len(line) for line in lines] == [64 << 10]
    assert peak < 80 << 20


def test_frames_without_content_may_come_anywhere(tmp_path: Path) -> None:
    note = b"\x55\x2a\x4d\x18" + (5).to_bytes(4, "little") + b"notes"
    packed = note + zstd.compress(b"one\n") + note + zstd.compress(b"two\n") + note
    assert lines_of(item_of(tmp_path / "noted", packed)) == ([b"one", b"two"], None, b"")


def test_a_stream_that_demands_too_much_memory_is_broken(tmp_path: Path) -> None:
    packer = zstd.ZstdCompressor(options={zstd.CompressionParameter.window_log.value: 30})
    packed = packer.compress(b"one\n") + packer.flush()
    _, why, _ = lines_of(item_of(tmp_path / "wide.zst", packed))
    assert why is not None
    assert "memory" in why


def test_a_text_that_begins_as_bzip2_does_is_text(tmp_path: Path) -> None:
    content = b"BZh91,price,volume\n"
    assert plain_of(item_of(tmp_path / "odd.csv", content)) == (content, None)


def test_a_wrong_checksum_is_said_after_the_lines(tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(b"one\ntwo\nthr"))
    packed[-6] ^= 1
    lines, why, raw = lines_of(item_of(tmp_path / "sum.gz", bytes(packed)))
    assert (lines, raw) == ([b"one", b"two"], b"thr")
    assert why is not None
    assert "checksum" in why
