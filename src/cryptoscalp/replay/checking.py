"""Flow: the proof that a buffer is what it should be, and that its sum tree is the database."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from psycopg import sql

from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.infra.db.flow import Flow, Row, arrow, call, rows
from cryptoscalp.replay.arena import Arena
from cryptoscalp.replay.buffers import buffer
from cryptoscalp.replay.loading import BEFORE_ALL, column, held_by_tier, identity, load
from cryptoscalp.replay.opening import default_journals
from cryptoscalp.replay.replay_types import Buffer, Sampling
from cryptoscalp.replay.report_types import Fault, TierCheck, Verification
from cryptoscalp.replay.tier_types import TIERS

#: A buffer that changes while it is loaded is loaded again, so often.
_ATTEMPTS: Final = 3
_CLOSE: Final = 1e-9
# The mark is the same when, and as good as only when, every id, tier and priority is.
_TIERS: Final = """
    SELECT tier::integer, count(*), sum(power(priority + 1e-6, 0.6)),
           bit_xor(hashfloat8extended(priority, hashint8extended(memory_id, tier)))
    FROM replay_priorities WHERE buffer_id = %s GROUP BY tier ORDER BY tier"""
_LEAVES: Final = sql.SQL(
    "SELECT r.memory_id, r.tier::integer, r.priority FROM replay_priorities AS r"
    " WHERE r.buffer_id = %s ORDER BY r.memory_id"
)


def verify(name: str) -> Flow[Verification]:
    """Look for what must not be in a buffer, and compare the sum tree with the database.

    Faults are those of replay_faults(): JSON that is not its vector, a next_state that is not
    later, a missing priority, links to what is not there; and a tree, built as a memory builds it,
    whose experiences, tiers or priorities are not the database's bit for bit, or whose sums are off
    by more than 1e-9. Notes: tiers above their capacity, journals of this machine. Cost: twice a
    pass over all of the buffer, and as much memory as an open memory takes. Raises NotFound.
    """
    known = yield from buffer(name)
    of = (known.buffer_id,)
    found = yield from rows(
        "SELECT memory_id, fault FROM replay_faults(%s) ORDER BY memory_id, fault", of
    )
    faults = [Fault(*row) for row in found]
    tiers: tuple[TierCheck, ...] = ()
    notes = [f"tier {number} ({tier.name}) holds {count:,}, its capacity is {tier.capacity:,}: it"
             " is brought down when the rules are next applied"
             for number, (tier, count) in enumerate(
                 zip(known.tiers, (yield from held_by_tier(known.buffer_id)), strict=True), 1)
             if count > tier.capacity]  # fmt: skip
    for _ in range(_ATTEMPTS):
        before = yield from rows(_TIERS, of)
        leaves = yield from arrow(_LEAVES, of)
        try:
            arena = yield from _loaded(known, before)
        except InputError as error:
            faults.append(Fault(None, f"it cannot be loaded into memory: {error}"))
            break
        after = yield from rows(_TIERS, of)
        if _marks(before) == _marks(after):
            tiers = _compared(known, before, arena)
            faults += _differences(tiers, leaves, arena)
            break
    else:
        notes.append("it changed each time that it was loaded: its tree was not compared")
    notes += yield from _journals(known)
    ((held,),) = yield from rows("SELECT count(*) FROM experience_replay WHERE buffer_id = %s", of)
    return Verification(known.name, held, tuple(faults), tiers, tuple(notes))


def _loaded(known: Buffer, counted: list[Row]) -> Flow[Arena]:
    room = [0] * TIERS
    for tier, count, _, _ in counted:
        # What comes meanwhile must not be taken for a fault.
        room[tier - 1] = count
    arena = Arena(
        known.shape,
        [count + 1024 for count in room],
        [tier.weight for tier in known.tiers],
        Sampling(),
    )
    after = BEFORE_ALL
    while len(loaded := (yield from load(known.buffer_id, known.shape, after))):
        if (np.bincount(loaded.tiers - 1, minlength=TIERS) > arena.room).any():
            return arena
        yield from call(partial(arena.put, loaded.columns, loaded.tiers - 1))
        after = int(loaded.columns.memory_ids[-1])
    return arena


def _marks(found: list[Row]) -> list[Row]:
    # Sums may differ in their last digits with the order of rows.
    return [(tier, count, mark) for tier, count, _, mark in found]


def _compared(known: Buffer, found: list[Row], arena: Arena) -> tuple[TierCheck, ...]:
    sums = {tier: (count, total) for tier, count, total, _ in found}
    return tuple(
        TierCheck(number, tier.capacity, *sums.get(number, (0, 0.0)), int(held), float(total))
        for number, (tier, held, total) in enumerate(
            zip(known.tiers, arena.counts, arena.totals, strict=True), 1
        )
    )


def _differences(tiers: tuple[TierCheck, ...], leaves: pa.Table, arena: Arena) -> list[Fault]:
    told = [
        Fault(
            None,
            f"tier {one.tier}: the tree has {one.tree_held:,} experiences of"
            f" {one.tree_total!r}, the database {one.held:,} of {one.total!r}",
        )
        for one in tiers
        if one.held != one.tree_held or abs(one.total - one.tree_total) > _CLOSE * one.total
    ]
    held = arena.select()
    order = np.argsort(held.memory_ids)
    ours: tuple[npt.NDArray[Any], ...] = (
        held.memory_ids[order],
        held.tiers[order] + 1,
        held.priorities[order].view(np.int64),
    )
    theirs: tuple[npt.NDArray[Any], ...] = (
        column(leaves, "memory_id", np.int64),
        column(leaves, "tier", np.int8),
        column(leaves, "priority", np.float64).view(np.int64),
    )
    if not all(np.array_equal(one, other) for one, other in zip(ours, theirs, strict=True)):
        told.append(Fault(None, "the tree's leaves are not the rows of replay_priorities"))
    return told


def _journals(known: Buffer) -> Flow[list[str]]:
    database = yield from identity()
    root = default_journals() / database / str(known.buffer_id)

    def left() -> list[str]:
        return [
            f"journal {folder.name.lstrip('0')} of this machine holds"
            f" {sum(file.stat().st_size for file in folder.iterdir()):,} bytes: of an open process,"
            " or stored when the buffer is opened here again"
            for folder in sorted(root.glob("[0-9]*"))
        ]

    return (yield from call(left))
