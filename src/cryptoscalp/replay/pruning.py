"""Flows: what leaves a buffer by hand, and by the rules of its tiers where no memory is open."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np
from psycopg import sql

from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.infra.db.flow import Flow, call, rows, using
from cryptoscalp.infra.db.locks import Lock, Locks
from cryptoscalp.replay.additions import Change
from cryptoscalp.replay.buffers import buffer
from cryptoscalp.replay.loading import BEFORE_ALL, working_values
from cryptoscalp.replay.replay_types import Buffer
from cryptoscalp.replay.report_types import Pruned, Tidied
from cryptoscalp.replay.reward_moments import Moments
from cryptoscalp.replay.storing import ROWS, change
from cryptoscalp.replay.tier_keeper import TierKeeper
from cryptoscalp.replay.tier_types import TIERS

_SCOPE: Final = (
    " FROM replay_priorities AS r JOIN experience_replay AS e USING (memory_id)"
    " WHERE r.buffer_id = %(buffer)s AND (%(tier)s::integer IS NULL OR r.tier = %(tier)s)"
)
_NEWEST: Final = sql.SQL(
    "SELECT e.timestamp, e.memory_id" + _SCOPE +
    " ORDER BY e.timestamp DESC, e.memory_id DESC OFFSET %(keep)s LIMIT 1"
)  # fmt: skip
_LEAVING: Final = sql.SQL(
    "SELECT r.memory_id" + _SCOPE + " AND r.memory_id > %(after)s"
    " AND (%(before)s::timestamptz IS NULL OR e.timestamp < %(before)s)"
    " AND (%(below)s::float8 IS NULL OR r.priority < %(below)s)"
    " AND (%(last)s::timestamptz IS NULL OR (e.timestamp, e.memory_id) <= (%(last)s, %(last_id)s))"
    " ORDER BY r.memory_id LIMIT %(most)s"
)


def prune(
    name: str,
    *,
    tier: int | None = None,
    older_than: timedelta | None = None,
    priority_below: float | None = None,
    keep: int | None = None,
) -> Flow[Pruned]:
    """Let experiences leave for which every bound that is given holds.

    `older_than`: by their timestamps; `priority_below`: raw priority; `keep`: not one of so many
    newest. `tier`: of this one only, also for `keep`. It goes in pieces of 10,000, each committed;
    open memories follow within a moment. replay_changes has what was asked as the reason. Cost: a
    pass over the buffer. Raises NotFound; InputError without a bound.
    """
    known = yield from buffer(name)
    _check(tier, older_than, priority_below, keep)
    params: dict[str, Any] = {
        "buffer": known.buffer_id, "tier": tier, "below": priority_below, "keep": keep,
        "before": None, "last": None, "last_id": None, "after": BEFORE_ALL, "most": ROWS,
    }  # fmt: skip
    if older_than is not None:
        params["before"] = yield from _ago(older_than)
    if keep is not None:
        newest = yield from rows(_NEWEST, params)
        if not newest:
            return Pruned(0, 0)
        ((params["last"], params["last_id"]),) = newest
    reason = _reason(tier, older_than, priority_below, keep)
    evicted = 0
    while found := (yield from rows(_LEAVING, params)):
        ids = np.array([number for (number,) in found], np.int64)
        leaving = Change(ids, np.zeros(len(ids), np.int8))
        evicted += (yield from change(known.buffer_id, None, leaving, reason))[1]
        params["after"] = int(ids[-1])
    return Pruned(0, evicted)


def keep_tiers(name: str) -> Flow[Tidied]:
    """Promote, demote and evict by the rules of the tiers, as an open memory does by itself.

    Where one has the buffer open it applies them, and nothing is done here. Cost: all of the
    buffer's replay_priorities and rows, without their vectors, are read into memory, some 60 bytes
    an experience. Raises NotFound, ConnectionLost.
    """
    known = yield from buffer(name)
    return (yield from tidy(known))


def tidy(known: Buffer) -> Flow[Tidied]:
    """As `keep_tiers`."""
    lock = yield from using(Locks, lambda locks: locks.lock(f"replay keeper {known.buffer_id}"))
    try:
        if not (yield from call(lock.take)):
            return Tidied(0, 0, True)
        done = yield from _tidied(known, lock)
        yield from call(lock.give_back)
        return done
    finally:
        # A flow that is closed cannot take another step.
        lock.close()


def _tidied(known: Buffer, lock: Lock) -> Flow[Tidied]:
    held = yield from working_values(known.buffer_id)
    keeper = TierKeeper(known.tiers)
    keeper.moments = Moments.of(held.rewards)
    whole = yield from call(lambda: keeper.apply(held))
    moved = evicted = 0
    for first in range(0, len(whole.memory_ids), ROWS):
        if not (yield from call(lock.is_held)):
            # Whoever keeps the tiers now does the rest.
            return Tidied(moved, evicted, True)
        part = slice(first, first + ROWS)
        one = Change(whole.memory_ids[part], whole.tiers[part])
        more = yield from change(known.buffer_id, None, one, "RULES")
        moved, evicted = moved + more[0], evicted + more[1]
    return Tidied(moved, evicted, False)


def _ago(span: timedelta) -> Flow[datetime]:
    """The moment so long before the database's now; the earliest one there is for longer spans."""
    ((now,),) = yield from rows("SELECT now()")
    moment: datetime = now
    try:
        return moment - span
    except OverflowError:
        return datetime.min.replace(tzinfo=moment.tzinfo)


def _check(
    tier: int | None, older_than: timedelta | None, priority_below: float | None, keep: int | None
) -> None:
    if older_than is None and priority_below is None and keep is None:
        raise InputError(
            "say which experiences leave: older_than, priority_below or keep (keep=0: all)"
        )
    if tier is not None and not 1 <= tier <= TIERS:
        raise InputError(f"tier {tier}: name one of 1 to {TIERS}")
    if older_than is not None and older_than < timedelta(0):
        raise InputError(f"older_than {older_than} must not be negative")
    if priority_below is not None and not priority_below > 0:
        raise InputError(f"priority_below {priority_below} must be above 0: all priorities are")
    if keep is not None and keep < 0:
        raise InputError(f"keep {keep} must be 0 or more")


def _reason(
    tier: int | None, older_than: timedelta | None, priority_below: float | None, keep: int | None
) -> str:
    asked = {
        "tier": tier, "older_than": older_than, "priority_below": priority_below, "keep": keep,
    }  # fmt: skip
    told = ", ".join(f"{name} {value}" for name, value in asked.items() if value is not None)
    return f"prune: {told}"
