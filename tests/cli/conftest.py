"""The command line on a server of the session's own."""

from __future__ import annotations

import gzip
import io
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest

from cryptoscalp.cli.examples import sample
from cryptoscalp.cli.main import main
from cryptoscalp.infra.server import EmbeddedServer

PROGRAM = [sys.executable, "-m", "cryptoscalp.cli"]
ROOT = Path(__file__).resolve().parents[2]


def environment(**more: str) -> dict[str, str]:
    """The environment without settings of cryptoscalp's or a width, and with `more`."""
    plain = {
        k: v for k, v in os.environ.items() if not k.startswith("CRYPTOSCALP_") and k != "COLUMNS"
    }
    return {**plain, **more}


@dataclass(frozen=True, slots=True)
class Ended:
    """What a command wrote, and its exit code."""

    returncode: int
    stdout: str
    stderr: str


class Cli(Protocol):
    """Runs a command and returns what it wrote; fails unless it ends with `code`."""

    def __call__(
        self, *words: str, code: int = 0, env: Mapping[str, str] | None = None
    ) -> Ended: ...


@dataclass(frozen=True, slots=True)
class Place:
    """A data directory that the server's user can reach, and the program at work in it."""

    data_dir: Path
    cli: Cli

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Start the program in the background."""
        return subprocess.Popen(
            [*PROGRAM, "--data-dir", str(self.data_dir), *words],
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


def bound(data_dir: Path) -> Cli:
    """The command line in this process, its data directory said by the environment.

    A process a command would load the libraries each time; what only a process can show (signals,
    pipes, the exit code itself) is tested with `Place.start`.
    """

    def cli(*words: str, code: int = 0, env: Mapping[str, str] | None = None) -> Ended:
        out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
        with pytest.MonkeyPatch.context() as patch:
            for name in [name for name in os.environ if name not in environment()]:
                patch.delenv(name)
            for name, value in {"CRYPTOSCALP_DATA_DIR": str(data_dir), **(env or {})}.items():
                patch.setenv(name, value)
            with redirect_stdout(out), redirect_stderr(err):
                ended = Ended(main(words), _written(out), _written(err))
        assert ended.returncode == code, f"{words}: {ended}"
        return ended

    return cli


def _written(stream: io.TextIOWrapper) -> str:
    stream.flush()
    stream.seek(0)
    return stream.read()


@contextmanager
def new_place() -> Iterator[Place]:
    """A data directory in which nothing was ever started; its server is stopped at the end."""
    folder = Path(tempfile.mkdtemp(prefix="cs-cli-"))
    folder.chmod(0o755)
    try:
        yield Place(folder / "data", bound(folder / "data"))
    finally:
        EmbeddedServer(folder / "data").stop()
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def place() -> Iterator[Place]:
    """One server for all tests of the command line; it is started by the first command."""
    with new_place() as made:
        yield made


@pytest.fixture(scope="session")
def cli(place: Place) -> Cli:
    """The program on the session's server."""
    return place.cli


@pytest.fixture(scope="session")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six spot trades and two quotes of BTCUSDT, one depth message, one damaged trade."""
    path = tmp_path_factory.mktemp("recordings") / "spot.gz"
    path.write_bytes(sample())
    return path


@pytest.fixture(scope="session")
def imported(cli: Cli, recording: Path) -> Path:
    """The recording, imported."""
    cli("import", str(recording))
    return recording


def renamed(recording: Path, target: Path, symbol: str) -> Path:
    """The recording under another symbol."""
    text = gzip.decompress(recording.read_bytes()).decode()
    text = text.replace("BTCUSDT", symbol).replace("btcusdt", symbol.lower())
    target.write_bytes(gzip.compress(text.encode()))
    return target


def shared(path: str) -> Path:
    """A file of real data; the test is skipped where it is not at hand."""
    for folder in (os.environ.get("CRYPTOSCALP_SHARED"), str(ROOT.parent / "shared")):
        if folder and (found := Path(folder) / "data" / path).is_file():
            return found.resolve()
    if os.environ.get("CRYPTOSCALP_REQUIRE_ALL") == "1" and os.environ.get("CRYPTOSCALP_SHARED"):
        pytest.fail(f"{path} is not in CRYPTOSCALP_SHARED")
    pytest.skip(f"real data {path} is not at hand (CRYPTOSCALP_SHARED)")
