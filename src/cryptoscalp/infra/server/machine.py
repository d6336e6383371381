"""What this process may use of the machine: memory, cores, shared memory, cgroup limits counted."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import psutil

_CGROUPS = Path("/sys/fs/cgroup")

_Reader = Callable[[PurePosixPath], str | None]


@dataclass(frozen=True, slots=True)
class Machine:
    """Memory and POSIX shared memory in bytes, and whole cores (at least one)."""

    memory: int
    cores: int
    shared_memory: int | None


def this_machine() -> Machine:
    """Measure the machine, within the limits of the control group this process is in."""
    groups = _read(Path("/proc/self/cgroup")) or ""

    def limit_file(path: PurePosixPath) -> str | None:
        return _read(_CGROUPS / path)

    memory = min([psutil.virtual_memory().total, *memory_limits(groups, limit_file)])
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # macOS
        cores = os.cpu_count() or 1
    cores = max(1, min([cores, *core_limits(groups, limit_file)]))
    shm = Path("/dev/shm")
    shared = shm.is_dir() and os.statvfs(shm)
    return Machine(memory, cores, shared.f_frsize * shared.f_blocks if shared else None)


def memory_limits(groups: str, read: _Reader) -> Iterator[int]:
    """Limits in bytes of the groups in `groups` (text of `/proc/self/cgroup`) and their parents.

    `read` gives the text of a file below the cgroup mount, or None where there is none.
    """
    for controller, group in _memberships(groups):
        for level in [group, *group.parents]:
            if controller == "":
                text = read(level / "memory.max")
            elif "memory" in controller.split(","):
                text = read(PurePosixPath("memory") / level / "memory.limit_in_bytes")
            else:
                continue
            if text is not None and text.strip().isdecimal() and int(text) > 0:
                yield int(text)  # version 1 says "none" with a huge number: min() drops it


def core_limits(groups: str, read: _Reader) -> Iterator[int]:
    """Whole cores that the CPU quotas of the groups and their parents allow, rounded up."""
    for controller, group in _memberships(groups):
        for level in [group, *group.parents]:
            if controller == "":
                words = (read(level / "cpu.max") or "").split()
            elif "cpu" in controller.split(","):
                at = PurePosixPath("cpu") / level
                quota, period = read(at / "cpu.cfs_quota_us"), read(at / "cpu.cfs_period_us")
                words = [] if quota is None or period is None else [quota.strip(), period.strip()]
            else:
                continue
            if len(words) == 2 and all(w.isdecimal() and int(w) > 0 for w in words):
                yield -(-int(words[0]) // int(words[1]))


def _memberships(groups: str) -> Iterator[tuple[str, PurePosixPath]]:
    for line in groups.splitlines():
        parts = line.split(":", 2)
        if len(parts) == 3:
            yield parts[1], PurePosixPath(parts[2].lstrip("/"))


def _read(path: Path) -> str | None:
    """Text of a file of the kernel; None when this kernel or container does not show it."""
    try:
        return path.read_text()
    except OSError:
        return None
