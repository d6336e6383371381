"""A disk that is full: one clear error, nothing half, and exact once there is room."""

from __future__ import annotations

import gzip
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cryptoscalp import InputError, connect
from cryptoscalp.infra import migrations
from cryptoscalp.infra.server import EmbeddedServer
from tests.capture import brute
from tests.postgres import LOGIN, Place

_NOON_MS = 1_723_118_400_000
_PROGRAM = [sys.executable, "-m", "cryptoscalp.cli"]


def mount(*words: str) -> None:
    """Mount or unmount; the test is skipped where this process may not."""
    mounted = subprocess.run(words, capture_output=True, text=True, check=False)
    if mounted.returncode != 0:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.strip()}")


@contextmanager
def small_disk(megabytes: int) -> Iterator[Path]:
    """A file system of this size."""
    if sys.platform != "linux" or shutil.which("mount") is None:
        pytest.skip("a file system of a given size is mounted on Linux only")
    folder = Path(tempfile.mkdtemp(prefix="cs-disk-"))
    try:
        mount("mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "tmpfs", str(folder))
        try:
            yield folder
        finally:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)
    finally:
        folder.rmdir()


def trades_file(path: Path, count: int) -> Path:
    """Trades that fill a disk: with ids, over several days."""
    chance = random.Random(9)
    lines = (
        f"{_NOON_MS + n * 1_700},{chance.randrange(10**9, 10**10)}.{chance.randrange(10**9)},"
        f"{chance.randrange(1, 10**9)}.{chance.randrange(10**9)},{n + 1}"
        for n in range(count)
    )
    path.write_text("\n".join(["timestamp,price,size,id", *lines]))
    return path


@pytest.mark.parametrize("left_mb", [3, 20], ids=["for a table", "for the log"])
def test_the_servers_disk(tmp_path: Path, left_mb: int) -> None:
    path = trades_file(tmp_path / "trades.csv", 60_000)
    with small_disk(130) as disk:
        server = EmbeddedServer(disk / "data")
        try:
            server.ensure_running()
            migrations.upgrade(server.admin_dsn, login=LOGIN)
            fill(disk, leave_mb=left_mb)
            # The program itself, as a trader meets it.
            words = ["--data-dir", str(disk / "data"), "import", str(path)]
            options = ["--exchange", "kraken", "--symbol", "XBTUSD"]
            ended = subprocess.run(
                [*_PROGRAM, *words, *options], capture_output=True, text=True, check=False
            )
            assert ended.returncode == 1, ended
            assert ended.stderr.count("\n") == 1, ended.stderr
            assert "No space left on device" in ended.stderr
            assert "Traceback" not in ended.stderr
            mount("mount", "-o", "remount,size=600m", str(disk))
            server.ensure_running()
            (reached,) = brute.fetch(server.dsn, "SELECT count(*) FROM market_data")[0]
            assert reached < 60_000
            brute.check_derived(server.dsn)
            brute.check_ledger(server.dsn)
            with connect(server.dsn) as db:
                again = db.capture.import_files([path], exchange="kraken", symbol="XBTUSD")
            assert again.account.total.stored == 60_000 - reached
            assert again.account.total.duplicate == reached
            held = brute.fetch(
                server.dsn, "SELECT count(*), count(DISTINCT sequence) FROM market_data"
            )
            assert held == [(60_000, 60_000)]
            brute.check_ledger(server.dsn)
        finally:
            server.stop()


def fill(disk: Path, *, leave_mb: int) -> None:
    """Fill a file system until so much is left."""
    free = shutil.disk_usage(disk).free - leave_mb * 1_000_000
    with (disk / "ballast").open("wb") as file:
        for _ in range(free // 1_000_000):
            file.write(bytes(1_000_000))


def test_the_temporary_directory(
    database: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A packed Parquet file has to be unpacked before it can be read."""
    plain = tmp_path / "trades.parquet"
    count = 200_000
    chance = random.Random(2)
    columns = {
        "timestamp": [_NOON_MS + n for n in range(count)],
        "price": [chance.random() + 1 for _ in range(count)],
        "size": [chance.random() + 1 for _ in range(count)],
        "id": list(range(1, count + 1)),
    }
    pq.write_table(pa.table(columns), plain, compression="none", use_dictionary=False)
    packed = tmp_path / "trades.parquet.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes(), 1))
    good = trades_file(tmp_path / "good.csv", 10)
    with small_disk(1) as disk, connect(database.dsn) as db:
        monkeypatch.setattr(tempfile, "tempdir", str(disk))
        with pytest.raises(InputError, match=r"trades\.parquet\.gz.*No space left.*TMPDIR"):
            db.capture.import_files([packed, good], exchange="kraken", symbol="XBTUSD")
        assert brute.fetch(database.dsn, "SELECT FROM batches") == []
        assert os.listdir(disk) == []  # noqa: PTH208 - names are enough
        mount("mount", "-o", "remount,size=64m", str(disk))
        report = db.capture.import_files([packed], exchange="kraken", symbol="XBTUSD")
        assert report.account.total.stored == count
        assert os.listdir(disk) == []  # noqa: PTH208


def test_a_summary_that_cannot_be_written(database: Place, tmp_path: Path) -> None:
    """The answer goes to a full disk: exit code 1, and the import itself is whole."""
    path = trades_file(tmp_path / "trades.csv", 1_000)
    words = ["--url", database.dsn, "import", str(path), "--exchange", "kraken", "--symbol", "X"]
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [*_PROGRAM, *words], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert ended.returncode == 1
    assert "No space left on device" in ended.stderr
    with connect(database.dsn) as db:
        assert [batch.status for batch in db.market.batches()] == ["COMMITTED"]
