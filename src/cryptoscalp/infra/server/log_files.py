"""What the server says: `server.log` until its collector runs, then JSON files in `log`."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cryptoscalp.infra.server.paths import Layout

#: Files are kept as long as the rows that were made of them.
KEPT_S: Final = 30 * 86_400
_TAIL_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class ServerLogs:
    """The folder of the server's log files; None for a server that is not our own."""

    folder: Path | None

    def files(self) -> list[tuple[str, int]]:
        """Name and size in bytes of each JSON file, in order of time; OSError as it comes."""
        if self.folder is None or not self.folder.is_dir():
            return []
        # Not by glob, which leaves out what it may not read without a word.
        found = sorted(path for path in self.folder.iterdir() if path.suffix == ".json")
        return [(path.name, path.stat().st_size) for path in found]

    def read(self, name: str, position: int, most: int) -> bytes:
        """At most so many bytes of a file from a position on."""
        assert self.folder is not None
        with (self.folder / name).open("rb") as stream:
            stream.seek(position)
            return stream.read(most)

    def last_failure(self) -> str | None:
        """Why the server went down and did not come back, in its words; None where it says none.

        A line of its own processes (no user), or one that took all of them down, behind the last
        time that it was ready.
        """
        try:
            name, size = self.files()[-1]
            text = self.read(name, max(0, size - _TAIL_BYTES), _TAIL_BYTES)
        except (IndexError, OSError):
            return None
        found = None
        for line in text.decode(errors="replace").splitlines():
            said = _parsed(line) or {}
            message, severity = said.get("message"), said.get("error_severity")
            if message == "database system is ready to accept connections":
                found = None
            elif severity == "PANIC" or (severity == "FATAL" and not said.get("user")):
                found = message
        return found

    def prune(self) -> int:
        """Delete files that were last written to over 30 days ago; returns how many."""
        gone = 0
        for path in self.folder.glob("*.*") if self.folder is not None else ():
            with suppress(OSError):
                if path.stat().st_mtime < time.time() - KEPT_S:
                    path.unlink()
                    gone += 1
        return gone


def sizes(layout: Layout) -> dict[Path, int]:
    """Every file that the server writes to, in order, and its size."""
    found = {}
    for path in (layout.log, *sorted(layout.log_dir.glob("*.*"))):
        with suppress(FileNotFoundError):
            found[path] = path.stat().st_size
    return found


def written(layout: Layout, since: Mapping[Path, int] | None = None) -> str:
    """What the server said, as lines for people; only what is behind the sizes of `since`."""
    parts = []
    for path, size in sizes(layout).items():
        start = (since or {}).get(path, 0)
        with path.open("rb") as stream:
            stream.seek(max(start, size - _TAIL_BYTES) if since is not None else start)
            text = stream.read().decode(errors="replace")
        parts += [_shown(line) if path.suffix == ".json" else line for line in text.splitlines()]
    return "\n".join(parts)


def tail(layout: Layout, since: Mapping[Path, int] | None = None, lines: int = 15) -> str:
    """The last lines that the server wrote, behind the sizes of `since`."""
    newest = since if since is not None else _but_the_end(sizes(layout))
    said = [line for line in written(layout, newest).splitlines() if "redirecting log" not in line]
    return "\n".join(said[-lines:])


def _but_the_end(found: dict[Path, int]) -> dict[Path, int]:
    return {path: max(0, size - _TAIL_BYTES) for path, size in found.items()}


def _shown(line: str) -> str:
    said = _parsed(line)
    if said is None:
        return line
    who = f"{said['user']}@{said.get('dbname')} " if said.get("user") else ""
    head = f"{said.get('timestamp')} [{said.get('pid')}] {who}{said.get('application_name') or ''} "
    shown = [f"{head}{said.get('error_severity')}:  {said.get('message')}"]
    shown += [
        f"{head}{name.upper()}:  {said[name]}"
        for name in ("detail", "hint", "context", "statement")
        if said.get(name)
    ]
    return "\n".join(shown)


def _parsed(line: str) -> dict[str, Any] | None:
    try:
        said: Any = json.loads(line)
    except ValueError:
        return None  # cut by a seek, or not whole yet
    return said if isinstance(said, dict) else None
