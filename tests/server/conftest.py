"""One cluster for most tests here: they start, stop and kill it, each leaves it usable."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cryptoscalp.infra.server import EmbeddedServer

Run = Callable[..., "subprocess.Popen[str]"]


def _new_place() -> Path:
    # pytest's tmp_path has mode 0700: the server's user could not pass through it.
    place = Path(tempfile.mkdtemp(prefix="cs-", dir="/tmp"))
    place.chmod(0o755)
    return place


def _clear(place: Path) -> None:
    for pgdata in place.rglob("pgdata"):
        EmbeddedServer(pgdata.parent).stop()
    shutil.rmtree(place)


@pytest.fixture
def place() -> Iterator[Path]:
    """An empty directory that every user can pass through; servers below it are stopped."""
    made = _new_place()
    yield made
    _clear(made)


@pytest.fixture(scope="session")
def shared() -> Iterator[EmbeddedServer]:
    made = _new_place()
    yield EmbeddedServer(made)
    _clear(made)


@pytest.fixture
def server(shared: EmbeddedServer) -> EmbeddedServer:
    """The shared server, running."""
    shared.ensure_running()
    return shared


@pytest.fixture
def client() -> Run:
    """Starts a process that binds `server` to the data directory and runs the given lines."""

    def run(data_dir: Path, *lines: str, wrapper: tuple[str, ...] = ()) -> subprocess.Popen[str]:
        head = (
            "import os, pathlib, sys",
            "import psycopg",
            "from cryptoscalp.infra.server import BinarySource, EmbeddedServer",
            "server = EmbeddedServer(pathlib.Path(sys.argv[1]))",
        )
        return subprocess.Popen(
            [*wrapper, sys.executable, "-c", "\n".join([*head, *lines]), str(data_dir)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
        )

    return run
