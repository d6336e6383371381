"""The server process: what its pid file says, start, stop, and clearing up after a crash."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptoscalp.infra.db.errors import ServerError
from cryptoscalp.infra.server import log_files
from cryptoscalp.infra.server.account import Account
from cryptoscalp.infra.server.binaries import Binaries
from cryptoscalp.infra.server.log_files import ServerLogs
from cryptoscalp.infra.server.paths import Layout
from cryptoscalp.infra.server.patience import Patience
from cryptoscalp.infra.server.processes import occupied, serves, survivors

_KEPT_LOG_BYTES = 16 * 1024 * 1024
_LINGERING_S = 20.0
# What a start says while the remains of a killed server are still going away.
_LINGERING = ("already exists", "still in use")


@dataclass(frozen=True, slots=True)
class Postmaster:
    """A living server: `tcp_port` is None without TCP, `ready` false while it recovers or stops."""

    pid: int
    started_at: datetime
    socket_port: int
    tcp_port: int | None
    ready: bool


def living(pgdata: Path) -> Postmaster | None:
    """The server that runs on `pgdata`, or None; raises OSError when `pgdata` may not be read."""
    lines = _lines(pgdata / "postmaster.pid")
    if not lines or not lines[0].isdecimal() or not serves(int(lines[0]), pgdata):
        return None
    lines += [""] * 8  # it is written in steps
    port = int(lines[3]) if lines[3].isdecimal() else 0
    started = int(lines[2]) if lines[2].isdecimal() else 0
    return Postmaster(
        pid=int(lines[0]),
        started_at=datetime.fromtimestamp(started, UTC),
        socket_port=port,
        tcp_port=port if lines[5] else None,
        ready=lines[7].strip() == "ready",
    )


def start(binaries: Binaries, account: Account, layout: Layout, patience: Patience) -> Postmaster:
    """Start the server and wait until it accepts connections; nothing of ours leaks into it.

    Tries again for some seconds while a killed predecessor goes away. Raises ServerError with the
    last lines of the server's log. The caller holds the lock and has seen that no server lives.
    """
    end = time.monotonic() + _LINGERING_S
    while True:
        _sweep(layout, end)
        _prepare_logs(layout, account)
        before = log_files.sizes(layout)
        # -w returns early when the server dies, and after -t seconds when it is still recovering.
        asked = account.run(
            [
                *(binaries.bin_dir / "pg_ctl", "start", "-s", "-w", "-t", "10"),
                *("-D", layout.pgdata, "-l", layout.log),
            ],
            timeout_s=60,
        )
        while (found := living(layout.pgdata)) is not None:
            if found.ready:
                return found
            if patience.spent:
                raise ServerError(
                    f"PostgreSQL (process {found.pid}) runs but does not become ready, and its log "
                    f"{_where(layout)} does not grow; its last lines:\n"
                    f"{log_files.tail(layout, before)}"
                )
            patience.pause()
        said = log_files.tail(layout, before) or asked.stderr.strip() or asked.stdout.strip()
        if not any(hint in said for hint in _LINGERING) or time.monotonic() > end:
            raise ServerError(f"PostgreSQL did not start; {_where(layout)} ends with:\n{said}")
        time.sleep(0.25)


def wait_ready(layout: Layout, patience: Patience) -> Postmaster | None:
    """Wait for a server that somebody else started; None when it ends instead."""
    while (found := living(layout.pgdata)) is not None and not found.ready:
        if patience.spent:
            raise ServerError(
                f"PostgreSQL (process {found.pid}) neither becomes ready nor ends; "
                f"{_where(layout)} ends with:\n{log_files.tail(layout)}"
            )
        patience.pause()
    return found


def stop(found: Postmaster, layout: Layout, timeout_s: float) -> None:
    """Fast shutdown: ends sessions, writes a checkpoint; ServerError after `timeout_s` seconds."""
    end = time.monotonic() + timeout_s
    try:
        os.kill(found.pid, signal.SIGINT)
    except ProcessLookupError:
        return
    while serves(found.pid, layout.pgdata):
        if time.monotonic() > end:
            raise ServerError(
                f"PostgreSQL (process {found.pid}) did not stop within {timeout_s:g} s and is "
                f"still stopping; {_where(layout)} ends with:\n{log_files.tail(layout)}"
            )
        time.sleep(0.02)


def _where(layout: Layout) -> str:
    return f"{layout.log} (with {layout.log_dir})"


def _sweep(layout: Layout, end: float) -> None:
    """Remove pid files that PostgreSQL would take for a living server's, once none lives.

    PostgreSQL itself handles a free process id. One that is a zombie, or that another program got
    since, it takes for a running server for ever.
    """
    while left := survivors(layout.pgdata):
        if time.monotonic() > end:
            raise ServerError(
                f"processes {left} of an earlier PostgreSQL still run on {layout.pgdata}; "
                f"nothing was started: end them (kill {' '.join(map(str, left))}), then try again"
            )
        time.sleep(0.1)
    sockets = layout.socket_dir.glob(".s.PGSQL.*.lock") if layout.socket_dir.is_dir() else []
    for path in [layout.pgdata / "postmaster.pid", *sockets]:
        lines = _lines(path)
        # The socket's lock has the id with a minus sign when a standalone backend wrote it.
        word = lines[0].lstrip("-") if lines else ""
        if word.isdecimal() and occupied(int(word)):
            path.unlink(missing_ok=True)


def _prepare_logs(layout: Layout, account: Account) -> None:
    log, folder = layout.log, layout.log_dir
    if not folder.is_dir():
        folder.mkdir(0o700)
        account.give(folder)
    ServerLogs(folder).prune()
    if log.exists() and log.stat().st_size > _KEPT_LOG_BYTES:
        log.rename(log.with_suffix(".log.1"))
    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    os.close(handle)
    account.give(log)


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except FileNotFoundError:
        return []
