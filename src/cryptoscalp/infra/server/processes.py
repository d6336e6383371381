"""Which server processes are alive, told apart from others that got the same process id."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import psutil


def cluster_name(pgdata: Path) -> str:
    """Name of the cluster, which PostgreSQL shows in the title of each of its processes."""
    return f"cryptoscalp-{hashlib.sha256(os.fsencode(pgdata)).hexdigest()[:12]}"


def serves(pid: int, pgdata: Path) -> bool:
    """True when `pid` is a living PostgreSQL process of the cluster in `pgdata`.

    A zombie is not, nor is another program that got the id of a dead server.
    """
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE or process.name() != "postgres":
            return False
        try:
            return bool(process.cwd() == str(pgdata))
        except psutil.AccessDenied:
            # Root in a container may not look into processes of other users, but sees titles.
            title = " ".join(process.cmdline()).rstrip()
            named = title.startswith(f"postgres: {cluster_name(pgdata)}:")
            return named or title.endswith(f" -D {pgdata}")
    except psutil.NoSuchProcess:
        return False


def survivors(pgdata: Path) -> list[int]:
    """Ids of all living PostgreSQL processes of the cluster, with or without their postmaster."""
    return [pid for pid in psutil.pids() if serves(pid, pgdata)]


def occupied(pid: int) -> bool:
    """True when the process id is taken by anything at all, zombies included."""
    return bool(psutil.pid_exists(pid))
