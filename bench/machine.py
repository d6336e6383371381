"""What a run was made on: the machine, and the versions of everything that has a part in it."""

from __future__ import annotations

import os
import platform
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import psutil

_PACKAGES: Final = (
    "psycopg",
    "psycopg-pool",
    "polars",
    "pyarrow",
    "pgpq",
    "adbc-driver-postgresql",
    "msgspec",
)


@dataclass(frozen=True, slots=True)
class Machine:
    """`load` is the one-minute load average before the run: above 0.5 others were at work."""

    cpu: str
    cores: int
    memory_gb: float
    system: str
    load: float
    versions: dict[str, str]

    def as_json(self) -> dict[str, Any]:
        """All of it by name."""
        return asdict(self)


def this_machine(postgresql: str) -> Machine:
    """Look at this machine; `postgresql` is the version of the server that is measured."""
    return Machine(
        cpu=_cpu(),
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else _cores(),
        memory_gb=psutil.virtual_memory().total / 2**30,
        system=f"{platform.system()} {platform.machine()}",
        load=os.getloadavg()[0],
        versions={
            "PostgreSQL": postgresql,
            "Python": platform.python_version(),
            **{name: version(name) for name in _PACKAGES},
        },
    )


def _cores() -> int:
    return os.cpu_count() or 1


def _cpu() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:  # not Linux
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in text.splitlines() if "model name" in line]
    return names[0] if names else platform.machine()
