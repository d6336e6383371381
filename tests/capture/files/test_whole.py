"""Files that are read from their end are plain, or unpacked to be so."""

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path
from typing import Any

import pytest

from cryptoscalp.capture.files import temporary
from cryptoscalp.capture.files.items import expand
from cryptoscalp.capture.files.whole import seekable
from cryptoscalp.infra.db.errors import InputError
from tests.capture.files.packed import KINDS, Kind, item_of

_CONTENT = b"PAR1" + bytes(range(256)) * 9_000 + b"PAR1"


def test_a_plain_file_is_itself(tmp_path: Path) -> None:
    item = item_of(tmp_path / "a.parquet", _CONTENT)
    with seekable(item) as stream:
        assert stream.name == str(item.path)
        stream.seek(-4, 2)
        assert stream.read() == b"PAR1"
    assert stream.closed


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.suffix)
def test_a_packed_file_is_unpacked(kind: Kind, tmp_path: Path) -> None:
    item = item_of(tmp_path / f"a.parquet{kind.suffix}", kind.pack(_CONTENT))
    with seekable(item) as stream:
        assert stream.read() == _CONTENT
        stream.seek(0)
        assert stream.read(4) == b"PAR1"
    assert stream.closed
    assert list(tmp_path.iterdir()) == [item.path]


def test_a_member_is_unpacked(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.parquet", _CONTENT)
    with seekable(expand([tmp_path])[0]) as stream:
        assert stream.read() == _CONTENT


def test_a_broken_one_is_refused(tmp_path: Path) -> None:
    item = item_of(tmp_path / "a.parquet.gz", gzip.compress(_CONTENT)[:-5])
    with pytest.raises(InputError, match=r"a\.parquet\.gz: .*ends too early"), seekable(item):
        pass


def test_a_full_disk_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> Any:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(temporary, "TemporaryFile", full)
    item = item_of(tmp_path / "a.parquet.gz", gzip.compress(_CONTENT))
    with pytest.raises(InputError, match="No space left on device; set TMPDIR"), seekable(item):
        pass
