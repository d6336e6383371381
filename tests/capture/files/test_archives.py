"""Zip archives: every member is an item, and is read as a file of its own is."""

from __future__ import annotations

import gzip
import random
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cryptoscalp.capture.files.items import expand
from cryptoscalp.capture.files.lines import head
from cryptoscalp.infra.db.errors import InputError
from tests.capture.files.packed import KINDS, Kind, item_of, lines_of, plain_of

_CONTENT = b"".join(b"%d,%d\n" % (line, line * line) for line in range(5_000))


def _archive(path: Path, members: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
def test_members_are_items_by_name(method: int, tmp_path: Path) -> None:
    path = _archive(
        tmp_path / "all.zip",
        {
            "b/BTCUSDT-trades.csv": _CONTENT,
            "a.csv": b"",
            "b/": b"",
            "__MACOSX/b/._BTCUSDT-trades.csv": b"not this",
            "b/.DS_Store": b"nor this",
            ".hidden/c.csv": b"nor this",
            "./d..csv": b"1\n",
        },
        method,
    )
    items = expand([path])
    assert [(item.member, item.name) for item in items] == [
        ("./d..csv", "d..csv"),
        ("a.csv", "a.csv"),
        ("b/BTCUSDT-trades.csv", "BTCUSDT-trades.csv"),
    ]
    assert str(items[2]) == f"{path}!b/BTCUSDT-trades.csv"
    assert plain_of(items[2]) == (_CONTENT, None)
    assert lines_of(items[1]) == ([], None, b"")
    assert head(items[2], 5) == _CONTENT[:5]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.suffix)
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_members_that_are_packed_themselves_are_unpacked(
    kind: Kind, method: int, tmp_path: Path
) -> None:
    members = {
        f"BTCUSDT.csv{kind.suffix}": kind.pack(_CONTENT),
        f"cut.csv{kind.suffix}": kind.pack(b"one\ntwo\n")[:-3],
    }
    whole, cut = expand([_archive(tmp_path / "all.zip", members, method)])
    assert whole.name == "BTCUSDT.csv"
    assert plain_of(whole) == (_CONTENT, None)
    assert "ends too early" in str(lines_of(cut)[1])


def test_what_is_no_archive_or_is_one_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    good = _archive(tmp_path / "good.zip", {"a.csv": _CONTENT}).read_bytes()
    for name, content, words in (
        ("prose.zip", b"prose", "not a zip file"),
        ("cut.zip", good[:-30], "if it is cut off, fetch it again"),
        ("none.zip", b"PK\x05\x06" + bytes(18), "holds no file"),
    ):
        item_of(tmp_path / name, content)
        with pytest.raises(InputError, match=words):
            expand([tmp_path / name])
    # Only the name says what an archive of no byte is.
    assert plain_of(expand([item_of(tmp_path / "empty.zip", b"").path])[0]) == (b"", None)
    inner = _archive(tmp_path / "outer.zip", {"inner.zip": good})
    with pytest.raises(InputError, match=r"outer.zip!inner.zip: is a zip archive where"):
        head(expand([inner])[0])
    (named,) = expand([item_of(tmp_path / "named.csv.gz", good).path])
    with pytest.raises(InputError, match=r"though its name ends in \.gz"):
        head(named)
    (unnamed,) = expand([item_of(tmp_path / "unnamed", good).path])
    assert unnamed.member == "a.csv"


def test_members_that_cannot_be_read_say_why(tmp_path: Path) -> None:
    def changed(flags: int, method: int) -> Path:
        content = bytearray(_archive(tmp_path / "made.zip", {"a.csv": _CONTENT}).read_bytes())
        directory = content.rindex(b"PK\x01\x02")
        content[directory + 8] |= flags
        content[directory + 10] = method
        return item_of(tmp_path / f"{flags}-{method}.zip", bytes(content)).path

    for path, words in (
        (changed(1, 8), "is encrypted"),
        (changed(0, 9), "compression method 9 is not read"),
        (changed(0, zipfile.ZIP_LZMA), "compression method 14 is not read"),
    ):
        with pytest.raises(InputError, match=rf"a\.csv: .*{words}"):
            head(expand([path])[0])


def test_two_members_of_one_name_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "twice.zip"
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w") as archive:
        warnings.simplefilter("ignore")
        archive.writestr("a.csv", b"1\n")
        archive.writestr("a.csv", b"2\n")
    with pytest.raises(InputError, match=r"two files called a\.csv"):
        expand([path])


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_damaged_member_gives_what_is_before(method: int, tmp_path: Path) -> None:
    noise = random.Random(5)
    content = b"".join(b"%d,%.9f\n" % (line, noise.random()) for line in range(20_000))
    path = _archive(tmp_path / "all.zip", {"a.csv": content, "b.csv": b"1\n"}, method)
    packed = bytearray(path.read_bytes())
    packed[150_000:150_064] = b"\xff" * 64
    path.write_bytes(packed)
    damaged, other = expand([path])
    plain, why = plain_of(damaged)
    assert why is not None
    assert plain.startswith(content[:140_000])
    assert lines_of(other) == ([b"1"], None, b"")


def test_a_directory_that_lies_about_sizes_is_found_out(tmp_path: Path) -> None:
    for size, words in ((10, "longer than the 10 bytes"), (90_000, f"ends after {len(_CONTENT)}")):
        path = _archive(tmp_path / f"{size}.zip", {"a.csv": _CONTENT})
        content = bytearray(path.read_bytes())
        place = content.rindex(b"PK\x01\x02") + 24
        content[place : place + 4] = size.to_bytes(4, "little")
        path.write_bytes(content)
        plain, why = plain_of(expand([path])[0])
        assert plain == _CONTENT[:size]
        assert words in str(why)


def test_a_changed_archive_is_read_anew(tmp_path: Path) -> None:
    path = _archive(tmp_path / "day.zip", {"a.csv": b"1\n"})
    assert len(expand([path])) == 1
    _archive(path, {"a.csv": b"22\n", "b.csv": b"3\n"})
    first, second = expand([path])
    assert (plain_of(first)[0], plain_of(second)[0]) == (b"22\n", b"3\n")


@given(data=st.data())
@settings(max_examples=300, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
def test_any_damage_is_an_input_error_or_a_break(data: st.DataObject, tmp_path: Path) -> None:
    members = {"b/a.csv": _CONTENT[:500], "c.csv.gz": gzip.compress(_CONTENT[:300])}
    packed = bytearray(_archive(tmp_path / "all.zip", members).read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(packed) - 1))
        packed[place] = data.draw(st.integers(0, 255))
    packed = packed[: data.draw(st.sampled_from((len(packed), len(packed) - 1, len(packed) // 2)))]
    (tmp_path / "all.zip").write_bytes(packed)
    try:
        items = expand([tmp_path / "all.zip"])
    except InputError:
        return
    for item in items:
        try:
            lines_of(item)
            head(item)
        except InputError:
            continue
