"""Flow: one day of a regulated table into the cold tier: export, read back, seal, drop."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

from cryptoscalp.infra.cold.lake import Lake, Written
from cryptoscalp.infra.cold.types import ColdTable, Content, Part, PartState
from cryptoscalp.infra.db.errors import ColdDamage, Contention, IntegrityRefused
from cryptoscalp.infra.db.flow import Flow, call, rows, together, using
from cryptoscalp.infra.db.maintenance import Maintenance
from cryptoscalp.retention import leaving
from cryptoscalp.retention.calls import as_capture, patiently
from cryptoscalp.retention.pages import content_here, pages, parts_here
from cryptoscalp.retention.pipe import Pipe
from cryptoscalp.retention.rules import YOUNGEST
from cryptoscalp.retention.types import Damage


@dataclass(frozen=True, slots=True)
class Entry:
    """A part in the ledger: its state, rows and hash."""

    part: Part
    state: PartState
    rows: int
    sha256: bytes


def move(table: ColdTable, day: date) -> Flow[tuple[int, tuple[Damage, ...]]]:
    """Move one day; returns the rows that left PostgreSQL, and what was found damaged.

    May be cut off at any point and run again: it goes on from what the ledger and the catalogue
    say. Nothing leaves when something is damaged: PostgreSQL is read then, and exports again.
    Raises IntegrityRefused while the day may not leave, Contention while others are in the way.
    """
    yield from export_open(table, day)
    damaged = yield from read_back(table, day)
    if damaged:
        return 0, damaged
    yield from patiently("SELECT seal_day(%s, %s)", (table.name, day))
    return (yield from take_out(table.name, day)), ()


def export_open(table: ColdTable, day: date) -> Flow[None]:
    """Export the parts of a day that have no copy in the lake which equals them."""
    states = {entry.part: entry.state for entry in (yield from ledger(table.name, day))}
    here = yield from parts_here(table.name, day)
    wanted = [part for part in here if states.get(part) in (None, "THAWED")]
    # Parts that are open and hold no row any more are written too: as nothing.
    wanted += [part for part in set(states).difference(here) if states[part] != "COLD"]
    if wanted:
        yield from export(table, day, sorted(wanted, key=lambda p: (p.symbol, p.exchange)))


def ledger(table: str, day: date) -> Flow[list[Entry]]:
    """The ledger's parts of a day, by symbol and exchange."""
    found = yield from rows(
        "SELECT exchange, symbol, state::text, rows, content_sha256 FROM cold_parts"
        " WHERE table_name = %s AND day = %s ORDER BY symbol, exchange",
        (table, day),
    )
    return [
        Entry(Part(table, day, exchange, symbol), state, count, bytes(sha256))
        for exchange, symbol, state, count, sha256 in found
    ]


def export(table: ColdTable, day: date, parts: Sequence[Part]) -> Flow[None]:
    """Make the lake hold what PostgreSQL holds of some parts, and record it, in one commit."""
    pipe = Pipe()
    ends: list[Callable[[], Flow[Any]]] = [
        partial(_write, table, day, parts, pipe),
        partial(_read, table, parts, pipe),
    ]
    written: Written = (yield from together(ends, at_most=2))[0]
    yield from patiently(
        "SELECT record_parts(%s, %s, %s::text[], %s::text[], %s::bigint[], %s::timestamptz[],"
        " %s::timestamptz[], %s::bigint[], %s::bigint[], %s::bytea[], %s)",
        _recorded(table.name, day, parts, written),
    )


def read_back(table: ColdTable, day: date) -> Flow[tuple[Damage, ...]]:
    """Compare the lake with the ledger for a day; what differs is opened again and returned."""
    held = [e for e in (yield from ledger(table.name, day)) if e.state != "THAWED"]
    if not held:
        return ()
    found: Mapping[Part, Content] = {}
    unread = ""
    try:
        found = yield from using(Lake, lambda lake: lake.contents(table, day))
    except ColdDamage as error:
        # One file that cannot be read leaves the others of the day unread too.
        unread = str(error)
    wrong = {entry.part: unread or _difference(entry, found.get(entry.part)) for entry in held}
    if any(wrong.values()):
        # What was exported again, or has expired, while it was read is no longer what it was.
        now = set((yield from ledger(table.name, day)))
        held = [entry for entry in held if entry in now]
        wrong = {entry.part: wrong[entry.part] for entry in held}
    good = [entry for entry in held if wrong[entry.part] is None]
    for entry in good:
        if entry.state != "COLD" and (yield from _changed_here(table, entry)):
            raise IntegrityRefused(
                f"{table.name} of {day} is being written to, {entry.part.symbol} for one; it is"
                " exported again by the next run"
            )
    yield from as_capture(
        "SELECT verify_parts(%s, %s, %s::text[], %s::text[], %s::bytea[])",
        (table.name, day, *_names(e.part for e in good), [e.sha256 for e in good]),
    )
    return (yield from reopen(table.name, day, {p: w for p, w in wrong.items() if w is not None}))


def reopen(table: str, day: date, wrong: Mapping[Part, str]) -> Flow[tuple[Damage, ...]]:
    """Have PostgreSQL read again for parts whose copy is wrong, where it still holds them."""
    damaged = []
    for part, detail in wrong.items():
        opened = yield from patiently(
            "SELECT reopen_parts(%s, %s, %s::text[], %s::text[])", (table, day, *_names([part]))
        )
        damaged.append(Damage(part, detail, restored=bool(opened)))
    return tuple(damaged)


def take_out(table: str, day: date) -> Flow[int]:
    """Drop what holds a day in PostgreSQL, as the checks of the database allow."""
    dsn: str | None = yield from using(Maintenance, lambda maintenance: maintenance.dsn)
    if dsn is not None and (yield from call(partial(leaving.may_detach, dsn))):
        gone = yield from call(partial(leaving.take_out, dsn, table, day))
    else:
        gone = yield from patiently("SELECT drop_day(%s, %s)", (table, day))
    return gone or 0


def _write(table: ColdTable, day: date, parts: Sequence[Part], pipe: Pipe) -> Flow[Written]:
    def write(lake: Lake) -> Written:
        try:
            return lake.write(table, day, pipe.parts(list(parts)))
        finally:
            pipe.close()

    try:
        return (yield from using(Lake, write))
    finally:
        pipe.close()


def _read(table: ColdTable, parts: Sequence[Part], pipe: Pipe) -> Flow[None]:
    error: BaseException | None = Contention("the export was stopped")
    try:
        for part in parts:
            if not (yield from pages(table, part, partial(pipe.put, part))):
                break
        error = None
    except Exception as caught:
        error = caught
        raise
    finally:
        # Also when the flow is closed from outside: the lake's thread must not wait for ever.
        pipe.end(error)


def _recorded(table: str, day: date, parts: Sequence[Part], written: Written) -> tuple[object, ...]:
    held = [written.parts.get(part) for part in parts]
    first = datetime(1970, 1, 1, tzinfo=UTC)
    return (
        table,
        day,
        *_names(parts),
        [c.rows if c else 0 for c in held],
        [c.first if c else first for c in held],
        [c.last if c else first for c in held],
        [c.first_sequence if c else None for c in held],
        [c.last_sequence if c else None for c in held],
        [c.sha256 if c else b"" for c in held],
        written.snapshot_id,
    )


def _names(parts: Iterable[Part]) -> tuple[list[str], list[str]]:
    held = list(parts)
    return [part.exchange for part in held], [part.symbol for part in held]


def _difference(entry: Entry, found: Content | None) -> str | None:
    if found is None:
        return f"the lake holds none of its {entry.rows:,} rows"
    if found.rows != entry.rows:
        return f"the lake holds {found.rows:,} rows, the ledger says {entry.rows:,}"
    if found.sha256 != entry.sha256:
        return f"its {entry.rows:,} rows in the lake are not those that were written"
    return None


def _changed_here(table: ColdTable, entry: Entry) -> Flow[bool]:
    """Whether PostgreSQL holds something else than was exported; such a part is opened again.

    Counts are compared when the day is sealed. Two writes that meet the export may leave the
    count as it is; so a day that was written in the last days is compared by its content.
    """
    part = entry.part
    late: list[tuple[Any, ...]] = yield from rows(
        "SELECT FROM late_writes WHERE table_name = %s AND day = %s AND written_at > now() - %s",
        (part.table, part.day, YOUNGEST),
    )
    if not late:
        return False
    found = yield from content_here(table, part)
    if found is not None and found.sha256 == entry.sha256:
        return False
    yield from reopen(part.table, part.day, {part: "changed"})
    return True
