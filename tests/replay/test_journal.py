"""The journal: what is written is read, a torn end is cut off, damage is an error."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cryptoscalp.infra.db.errors import JournalError, JournalFull
from cryptoscalp.replay import journal as journals
from cryptoscalp.replay.journal import Journal, Record

_LIMIT = 1 << 30


def opened(folder: Path, limit: int = _LIMIT) -> Journal:
    return Journal(folder, limit_bytes=limit)


def contents(journal: Journal, after: int = 0) -> list[tuple[int, int, int, bytes]]:
    return [(r.number, r.kind, r.count, r.payload) for r in journal.records(after)]


@pytest.fixture
def small_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journals, "FILE_BYTES", 100)


@pytest.mark.usefixtures("small_files")
def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    journal = opened(tmp_path / "j")
    payloads = [bytes([n]) * (n * 7) for n in range(40)]
    for n, payload in enumerate(payloads):
        assert journal.append(n % 3, n, [payload[:5], memoryview(payload)[5:]]) == n + 1
    wanted = [(n + 1, n % 3, n, payload) for n, payload in enumerate(payloads)]
    assert contents(journal) == wanted
    assert contents(journal, after=17) == wanted[17:]
    journal.close()
    again = opened(tmp_path / "j")
    assert (contents(again), again.last, again.synced) == (wanted, 40, 40)
    again.append(9, 1, [b"more"])
    assert contents(again, after=40) == [(41, 9, 1, b"more")]
    again.close()


@pytest.mark.usefixtures("small_files")
def test_files_that_the_database_has_are_removed(tmp_path: Path) -> None:
    journal = opened(tmp_path / "j")
    for _ in range(30):
        journal.append(1, 1, [b"x" * 40])
    whole = journal.bytes
    journal.release(15)
    assert journal.bytes < whole
    assert [r.number for r in journal.records(15)] == list(range(16, 31))
    journal.release(30)
    assert journal.bytes == 0
    assert not list((tmp_path / "j").glob("*.log"))
    assert journal.append(1, 1, [b"y"]) == 31
    assert contents(journal, after=30) == [(31, 1, 1, b"y")]
    journal.remove()
    assert not (tmp_path / "j").exists()


@given(st.integers(0, 400))
@settings(max_examples=60, deadline=None)
def test_a_torn_end_is_cut_off(cut: int) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "j"
        journal = opened(folder)
        ends = []
        for n in range(10):
            journal.append(1, n, [bytes([n]) * 20])
            ends.append(journal.bytes)
        journal.close()
        path = next(folder.glob("*.log"))
        os.truncate(path, min(cut, ends[-1]))
        whole = sum(end <= cut for end in ends)
        again = opened(folder)
        assert [record.number for record in again.records(0)] == list(range(1, whole + 1))
        assert again.append(1, 1, [b"next"]) == whole + 1
        again.close()
        third = opened(folder)
        assert third.last == whole + 1
        third.close()


@pytest.mark.usefixtures("small_files")
def test_damage_in_an_older_file_is_an_error(tmp_path: Path) -> None:
    journal = opened(tmp_path / "j")
    for _ in range(10):
        journal.append(1, 1, [b"x" * 40])
    path = min((tmp_path / "j").glob("*.log"))
    raw = bytearray(path.read_bytes())
    raw[30] ^= 1
    path.write_bytes(raw)
    with pytest.raises(JournalError, match="lacks record 1"):
        contents(journal)
    journal.close()
    with pytest.raises(JournalError, match=r"damaged at byte 0 of .*; nothing behind it is stored"):
        opened(tmp_path / "j")


def test_beyond_its_bound_nothing_is_written(tmp_path: Path) -> None:
    journal = opened(tmp_path / "j", limit=200)
    journal.append(1, 1, [b"x" * 100])
    with pytest.raises(JournalFull, match="nothing was added"):
        journal.append(1, 1, [b"x" * 100])
    assert [record.number for record in journal.records(0)] == [1]
    journal.append(1, 1, [b"x" * 10])
    journal.close()


def test_one_process_at_a_time(tmp_path: Path) -> None:
    journal = opened(tmp_path / "j")
    with pytest.raises(JournalError, match="in use by another process"):
        opened(tmp_path / "j")
    journal.close()
    opened(tmp_path / "j").close()


def test_a_full_disk_leaves_the_records_before(tmp_path: Path) -> None:
    """The size of files is limited as a disk would: by the system."""
    code = """
import resource, signal, sys
from pathlib import Path
from cryptoscalp.infra.db.errors import JournalError
from cryptoscalp.replay.journal import Journal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
journal = Journal(Path(sys.argv[1]), limit_bytes=1 << 30)
written = 0
try:
    while True:
        written = journal.append(1, 1, [b"x" * 300])
except JournalError as error:
    assert "File too large" in str(error), error
assert [r.number for r in journal.records(0)] == list(range(1, written + 1)), written
assert journal.append(1, 1, [b"y"]) == written + 1
assert [r.payload for r in journal.records(written)] == [b"y"]
"""
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "j")], check=True, timeout=60)
    journal = opened(tmp_path / "j")
    assert journal.last == 4
    journal.close()


def test_killed_while_it_writes(tmp_path: Path) -> None:
    """Every record that append() returned for is there after kill -9."""
    code = """
import sys
from pathlib import Path
from cryptoscalp.replay.journal import Journal
journal = Journal(Path(sys.argv[1]), limit_bytes=1 << 30)
for n in range(1, 1_000_000):
    journal.append(1, n, [n.to_bytes(8, "big") * (n % 50)])
    if n % 100 == 0:
        print(n, flush=True)
"""
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "j")], stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout is not None
        for line in running.stdout:
            told = int(line)
            if told >= 3_000:
                running.send_signal(signal.SIGKILL)
                break
    journal = opened(tmp_path / "j")
    found = list(journal.records(0))
    assert len(found) >= told
    assert all(
        record == Record(n, 1, n, n.to_bytes(8, "big") * (n % 50))
        for n, record in enumerate(found, start=1)
    )
    journal.close()
