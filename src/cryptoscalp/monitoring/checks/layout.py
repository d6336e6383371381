"""How tables are cut into days, and the extension that does it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from cryptoscalp.infra.db.capabilities import (
    OLDEST_TIMESCALE,
    UNKNOWN_TIMESCALE,
    Capabilities,
    capabilities,
)
from cryptoscalp.infra.db.flow import Flow
from cryptoscalp.monitoring.types import Check, Problem, Verdict, judged, severity


def layout() -> Flow[Verdict]:
    """The layout is a known one, and TimescaleDB is loaded where it is needed."""
    found = yield from capabilities()
    told = f"layout {found.layout}"
    if found.timescale is not None:
        told += f", TimescaleDB {found.timescale}, edition {found.edition or 'unknown'}"
    return judged(told, _layout(found))


def _layout(found: Capabilities) -> Iterator[Problem]:
    if found.layout is None:
        yield Problem("FAIL", "no table is cut into days", "cryptoscalp db upgrade")
    if found.timescale is None:
        return
    if not found.loaded:
        told = f"TimescaleDB {found.timescale} is installed and not loaded: its tables are unread"
        hint = "set shared_preload_libraries = 'timescaledb' and restart"
        yield Problem(severity(found.layout == "timescale"), told, hint)
    if found.version < OLDEST_TIMESCALE:
        told = f"TimescaleDB {found.timescale} is older than {_dotted(OLDEST_TIMESCALE)}"
        yield Problem("FAIL", told, "install a newer one, then ALTER EXTENSION timescaledb UPDATE")
    elif found.version >= UNKNOWN_TIMESCALE:
        told = f"TimescaleDB {found.timescale} is newer than what is tested"
        yield Problem("WARN", told, f"use one before {_dotted(UNKNOWN_TIMESCALE)}")


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


CHECKS: Final = (Check("layout", "tables are cut into days in a known way", layout),)
