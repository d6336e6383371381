"""Flow: files of the warehouse that nothing refers to are deleted, 30 days after they were found.

A backup of PostgreSQL that is younger than that still finds every file of its catalogue.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from cryptoscalp.infra.cold.lake import Lake
from cryptoscalp.infra.db.flow import Flow, rows, using
from cryptoscalp.retention.calls import as_capture

#: A younger file may be one that a running export has not committed yet.
_COMMITTED: Final = timedelta(days=2)


def sweep() -> Flow[tuple[int, int]]:
    """Note the files that nothing refers to; returns how many there are, and how many went.

    Snapshots over 30 days old are forgotten before, so that they refer to nothing any more.
    """
    yield from using(Lake, lambda lake: lake.maintain())
    loose = yield from _loose()
    yield from as_capture("SELECT note_orphans(%s::text[])", (sorted(loose),))
    found = yield from rows(
        "SELECT path FROM cold_orphans WHERE found_at < now() - interval '30 days'"
    )
    # A restored catalogue may refer to one again: looked at once more, just before.
    due = {path for (path,) in found} & (yield from _loose()) if found else set()
    if due:
        yield from using(Lake, lambda lake: lake.delete(sorted(due)))
        yield from as_capture("SELECT note_orphans(%s::text[])", (sorted(loose - due),))
    return len(loose - due), len(due)


def _loose() -> Flow[set[str]]:
    there = yield from using(Lake, lambda lake: lake.found())
    referenced = yield from using(Lake, lambda lake: lake.files())
    old = datetime.now(UTC) - _COMMITTED
    return {path for path, changed in there.items() if changed < old} - referenced
